import type { Polygon } from 'geojson'
import { expect, it } from 'vitest'
import { prepareArea } from '../../geo/area.ts'
import type { Box } from '../../geo/box.ts'
import type { ScopeArea } from './access-scope.ts'
import { limitsOf } from './limits.ts'

const box = (west: number, east: number): Box => ({ west, south: 0, east, north: 1 })

function areaAround({ west, south, east, north }: Box): ScopeArea {
  const geometry: Polygon = {
    type: 'Polygon',
    coordinates: [
      [
        [west - 1, south - 1],
        [east + 1, south - 1],
        [east + 1, north + 1],
        [west - 1, north + 1],
        [west - 1, south - 1],
      ],
    ],
  }
  return { id: `${west} ${east}`, geometry, area: prepareArea(geometry) }
}

it('within boxes, only layers that hold each of them whole fall away', () => {
  const [here, there] = [box(0, 1), box(50, 51)]
  const [one, both] = [[areaAround(here)], [areaAround(here), areaAround(there)]]
  expect(limitsOf([one]).within([here])).toBe('all')
  expect(limitsOf([both]).within([here, there])).toBe('all')
  expect(limitsOf([one, both]).within([here, there])).toMatchObject({ layers: [one] })
})
