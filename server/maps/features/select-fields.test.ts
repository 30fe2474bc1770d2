import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { tagOf, tagOfParts } from './caching.ts'
import { selectFields, selectFieldsOfAll } from './select-fields.ts'

const geometry = { type: 'LineString', coordinates: [[1.5, 2], [3, 4]] } // oxfmt-ignore
const feature = (properties: object) =>
  JSON.stringify({ type: 'Feature', id: 'a', geometry, properties })

it('leaves the properties that were asked for', () => {
  const text = feature({ name: 'n', more: { name: 1 }, other: null })
  expect(selectFields(text, new Set(['more', 'other']))).toBe(
    feature({ more: { name: 1 }, other: null }),
  )
  expect(selectFields(text, new Set())).toBe(feature({}))
})

it('does not look into the geometry', () => {
  const text = '{"type":"Feature","id":"a","geometry":not JSON,"properties":{"name":1}}'
  expect(selectFields(text, new Set(['name']))).toBe(text)
})

/** How often others had their turn while it was done. */
async function turnsWhile(work: Promise<unknown>): Promise<number> {
  let turns = 0
  let isDone = false
  void work.then(() => (isDone = true))
  for (; !isDone; turns++) await setImmediate()
  return turns
}

it('lets others have their turn where there is much', async () => {
  const long = Array.from({ length: 4_000 }, (_, index) =>
    feature({ name: index, more: Array.from({ length: 500 }, () => index) }),
  )
  expect(await turnsWhile(selectFieldsOfAll(long, new Set(['name'])))).toBeGreaterThan(2)
  expect(await turnsWhile(tagOfParts([...long, ...long, ...long]))).toBeGreaterThan(2)
  expect(await tagOfParts(['a', 'b'])).toBe(tagOf('ab'))
})
