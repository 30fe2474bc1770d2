import { expect, it } from 'vitest'
import { defaultMessages } from '../pages/messages.ts'
import { areaSketch } from './area-sketch.ts'

const square = (west: number, south: number, size: number) => [
  [
    [west, south],
    [west + size, south],
    [west + size, south + size],
    [west, south + size],
    [west, south],
  ],
]

it('draws an area within its picture, north up', () => {
  const { markup } = areaSketch({ type: 'Polygon', coordinates: square(10, 0, 2) }, defaultMessages)
  const points = [
    ...(/class="area" d="([^"]+)"/.exec(markup)?.[1] ?? '').matchAll(/([\d.]+) ([\d.]+)/g),
  ]
  expect(points).toHaveLength(5)
  const [first, , third] = points.map(([, x, y]) => [Number(x), Number(y)] as const)
  expect(first![0]).toBeLessThan(third![0])
  expect(first![1]).toBeGreaterThan(third![1])
  expect(markup).toContain('Longitude 10.00° to 12.00°, latitude 0.00° to 2.00°')
})

it.each([
  [
    'the whole world',
    [square(-180, -90, 360).map((ring) => ring.map(([x, y]) => [x!, Math.min(y!, 90)]))],
  ],
  ['a point’s breadth', [square(12.5, 55.6, 0.000001)]],
  ['two islands', [square(12, 55, 1), square(14, 56, 1)]],
  ['ten thousand points', [[Array.from({ length: 10_000 }, (_, i) => [Math.cos(i), Math.sin(i)])]]],
])('draws %s with few lines and no nonsense', (_, coordinates) => {
  const { markup } = areaSketch({ type: 'MultiPolygon', coordinates }, defaultMessages)
  expect(markup).not.toMatch(/NaN|Infinity|null|undefined/)
  expect(markup.length).toBeLessThan(60_000)
})
