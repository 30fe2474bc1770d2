import type { Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import { faultOfRings } from './simple-rings.ts'

const square = (x: number, y: number, size: number): Position[] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
]

describe('rings that are simple', () => {
  it.each<[string, Position[][]]>([
    ['a square', [square(0, 0, 1)]],
    ['a hole', [square(0, 0, 9), square(2, 2, 3)]],
    [
      'a hole that touches its outline in a point',
      [
        square(0, 0, 9),
        [
          [0, 5],
          [2, 4],
          [2, 6],
          [0, 5],
        ],
      ],
    ],
    ['parts that touch in a corner', [square(0, 0, 1), square(1, 1, 1)]],
    ['parts apart', [square(0, 0, 1), square(5, 0, 1)]],
    [
      'positions on one line',
      [
        [
          [0, 0],
          [1, 0],
          [2, 0],
          [2, 2],
          [0, 0],
        ],
      ],
    ],
    [
      'a triangle',
      [
        [
          [0, 0],
          [1, 0],
          [0, 1],
          [0, 0],
        ],
      ],
    ],
  ])('%s', (_name, rings) => expect(faultOfRings(rings)).toBeNull())
})

describe('rings that are not simple', () => {
  it.each<[string, Position[][]]>([
    [
      'a bow tie',
      [
        [
          [0, 0],
          [1, 1],
          [1, 0],
          [0, 1],
          [0, 0],
        ],
      ],
    ],
    [
      'one that touches itself in a position',
      [
        [
          [0, 0],
          [2, 0],
          [1, 1],
          [2, 2],
          [0, 2],
          [1, 1],
          [0, 0],
        ],
      ],
    ],
    [
      'one that touches itself between positions',
      [
        [
          [0, 0],
          [4, 0],
          [4, 4],
          [2, 0],
          [0, 4],
          [0, 0],
        ],
      ],
    ],
    [
      'a spike',
      [
        [
          [0, 0],
          [2, 0],
          [2, 2],
          [2, 5],
          [2, 2],
          [0, 2],
          [0, 0],
        ],
      ],
    ],
    [
      'one there and back',
      [
        [
          [0, 0],
          [1, 0],
          [2, 0],
          [0, 0],
        ],
      ],
    ],
    [
      'a position said twice',
      [
        [
          [0, 0],
          [0, 0],
          [1, 0],
          [0, 1],
          [0, 0],
        ],
      ],
    ],
    ['a hole across its outline', [square(0, 0, 4), square(3, 1, 2)]],
    ['a hole along its outline', [square(0, 0, 4), square(0, 1, 2)]],
    ['the same ring twice', [square(0, 0, 1), square(0, 0, 1)]],
    ['parts side by side', [square(0, 0, 1), square(1, 0, 1)]],
    [
      'parts that cross in positions of both',
      [
        square(0, 7, 2),
        [
          [4, 3],
          [8, 7],
          [4, 11],
          [0, 7],
          [4, 3],
        ],
      ],
    ],
    [
      'a part whose position crosses an edge',
      [
        square(0, 0, 2),
        [
          [1, 1],
          [2, 0.5],
          [3, 1],
          [2, 1.5],
          [1, 1],
        ],
      ],
    ],
  ])('%s', (_name, rings) => expect(faultOfRings(rings)).toBe('crossing'))
})

describe('rings of ten thousand positions', () => {
  /** Teeth across the whole width, as no shape of the real world has them. */
  const comb = (turn: (x: number, y: number) => Position): Position[][] => {
    const teeth = Array.from({ length: 2_499 }, (_, index) => {
      const y = index / 100
      return [turn(100, y), turn(100, y + 0.004), turn(1, y + 0.005), turn(1, y + 0.009)]
    }).flat()
    return [[turn(0, 0), ...teeth, turn(0, 25), turn(0, 0)]]
  }

  it('are judged along either axis', () => {
    expect(faultOfRings(comb((x, y) => [x, y]))).toBeNull()
    expect(faultOfRings(comb((x, y) => [y, x]))).toBeNull()
  })

  it('are refused when they overlap along both', () => {
    expect(faultOfRings(comb((x, y) => [x + y, y - x]))).toBe('intricate')
  })
})
