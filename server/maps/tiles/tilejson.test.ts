import { expect, it } from 'vitest'
import { testCollection } from '../../../test/support/collections.ts'
import { metadataOf, tileJsonOf } from './tilejson.ts'

it('gives the attribution as the markup that map libraries take it for', () => {
  const attribution = '© A & B <img src="x" onerror="alert(1)">'
  const state = {
    collection: testCollection('trees', { attribution }),
    ...{ generation: 1, schema: [], dimension: 0 as const },
    ...{ featureCount: 0, extent: null, interval: null },
  }
  const markup = '© A &amp; B &lt;img src=&quot;x&quot; onerror=&quot;alert(1)&quot;&gt;'
  expect(tileJsonOf(state, '', null).attribution).toBe(markup)
  expect(metadataOf(state).attribution).toBe(markup)
})
