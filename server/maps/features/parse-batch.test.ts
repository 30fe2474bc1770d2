import type { Position } from 'geojson'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { parseBatch } from './parse-batch.ts'

const state = { schema: [], dimension: 2 } as const

/** A polygon whose edges nearly all overlap along both axes, as no shape of the real world has them. */
function comb(teeth: number): Buffer {
  const at = (x: number, y: number): Position => [(x + y) / 3, (y - x) / 3]
  const ring = Array.from({ length: teeth }, (_, index) => {
    const y = index / 100
    return [at(100, y), at(100, y + 0.004), at(1, y + 0.005), at(1, y + 0.009)]
  }).flat()
  const coordinates = [[at(0, 0), ...ring, at(0, teeth / 100), at(0, 0)]]
  return Buffer.from(
    JSON.stringify({ type: 'Feature', geometry: { type: 'Polygon', coordinates } }),
  )
}

it('lets others have their turn after each feature that took long', async () => {
  let isDone = false
  let turns = 0
  const others = async () => {
    while (!isDone) {
      await setImmediate()
      turns++
    }
  }
  const waiting = others()
  const features = await parseBatch(
    Array.from({ length: 20 }, () => comb(100)),
    state,
  )
  isDone = true
  await waiting
  expect(features).toHaveLength(20)
  // Each takes some milliseconds, so a few of them are a turn, however fast the machine is.
  expect(turns).toBeGreaterThan(3)
})

it('takes no more than a few of the most intricate polygons at once', async () => {
  const many = Array.from({ length: 100 }, () => comb(600))
  await expect(parseBatch(many, state)).rejects.toMatchObject({
    status: 400,
    members: { parameter: 'features[2].geometry' },
  })
  expect(await parseBatch(many.slice(0, 2), state)).toHaveLength(2)
})
