import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { wholeScope } from '../../access/scopes/whole-scope.ts'
import type { CollectionState } from '../store/collection-state.ts'
import type { MapStore } from '../store/map-store.ts'
import { exportCollection } from './export-collection.ts'

const state = {
  schema: [{ name: 'name', type: 'string' }],
  dimension: 1,
} as unknown as CollectionState

const long = 'x'.repeat(100_000)
const featureAt = (index: number) =>
  `{"type":"Feature","id":"f${index}","geometry":{"type":"LineString","coordinates":[[0,0],[1,1]]},` +
  `"properties":{"name":"${index} ${long}"}}`

/** Of ten pages of ten long features each. */
function setUp() {
  const asked: number[] = []
  const store = {
    state: async () => state,
    async items(_scope: unknown, _id: string, { after = 0 }: { after?: number }) {
      asked.push(after)
      const features = Array.from({ length: 10 }, (_, index) => featureAt(after + index))
      return { features, next: after === 90 ? null : after + 10 }
    },
  } as unknown as MapStore
  const scope = wholeScope(() => [])
  const order = { store, scope: () => scope, collectionId: 'c' }
  return { asked, order }
}

it.each(['geojson', 'ndjson', 'csv'] as const)(
  'gives %s in pieces, in their order',
  async (format) => {
    const { order } = setUp()
    const pieces: string[] = []
    for await (const piece of (await exportCollection({ ...order, format }))!) pieces.push(piece)
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(350_000)
    const names = [...pieces.join('').matchAll(/"(\d+) x|,(\d+) x/g)].map(([, a, b]) =>
      Number(a ?? b),
    )
    expect(names).toEqual(Array.from({ length: 100 }, (_, index) => index))
    if (format === 'geojson') {
      const whole = JSON.parse(pieces.join('')) as { features: { id: string }[] }
      expect(whole.features.map(({ id }) => id)).toEqual(names.map((name) => `f${name}`))
    }
  },
)

it('reads no further than it is read', async () => {
  const { asked, order } = setUp()
  const text = await exportCollection({ ...order, format: 'ndjson' })
  const stream = Readable.from(text!, { objectMode: false })
  const reader = stream[Symbol.asyncIterator]()
  await reader.next()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(asked).toEqual([0])
  await reader.return?.()
})
