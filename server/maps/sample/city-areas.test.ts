import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { jstsIntersects } from '../../../test/support/jsts.ts'
import { DANE_COUNTY, MADISON } from './city-areas.ts'
import { counties } from './shapes.ts'

it('Madison is the one of the examples', () => {
  const file = new URL('../../../examples/madison.geojson', import.meta.url)
  const { geometry } = JSON.parse(readFileSync(file, 'utf8')) as { geometry: unknown }
  expect(MADISON).toEqual(geometry)
})

it('of all counties, Dane County alone is seen in them', async () => {
  const features = [...(await counties.load()).features]
  for (const area of [DANE_COUNTY, MADISON]) {
    const seen = features.filter(({ geometry }) => jstsIntersects(area, geometry))
    expect(seen.map(({ id }) => id)).toEqual(['55025'])
  }
})
