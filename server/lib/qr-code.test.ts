import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { qrCode } from './qr-code.ts'

const draw = (text: string) =>
  qrCode(text)!.map((row) => row.map((dark) => (dark ? '#' : '.')).join(''))

describe('qrCode', () => {
  // The expected ones were read by a decoder that is not ours.
  it('draws what readers read', () => {
    expect(draw('MAPGATE')).toEqual([
      '#######.#####.#######',
      '#.....#.#.#.#.#.....#',
      '#.###.#.#.....#.###.#',
      '#.###.#.####..#.###.#',
      '#.###.#.....#.#.###.#',
      '#.....#.##.#..#.....#',
      '#######.#.#.#.#######',
      '.........####........',
      '##..###..#.#...#.####',
      '#.##...#..###.....###',
      '#.#.#.#....#..###..#.',
      '.##.#..##....##.#..#.',
      '####.####...####.##..',
      '........#.#.###...###',
      '#######..#..##..##.#.',
      '#.....#.#.###..##..##',
      '#.###.#.#.##..##..#.#',
      '#.###.#..#.##..#.####',
      '#.###.#...##..#.#.#..',
      '#.....#.#....##.#....',
      '#######.##..###...#.#',
    ])
  })

  it.each([
    [150, 45, '1b247b8350dc99889ffdd876a2b21f99ca74431afe7d053e5c8ffffef5e6164d'],
    [500, 77, '6b0c4ec9cb66ee638e1922a47a2f3a5d6023b2dcad55c3cbf76ba9d2675d4f3b'],
  ])('takes the version that %i bytes need', (length, size, digest) => {
    const rows = draw('a'.repeat(length))
    expect(rows).toHaveLength(size)
    const bits = rows.join('\n').replaceAll('#', '1').replaceAll('.', '0')
    expect(createHash('sha256').update(bits).digest('hex')).toBe(digest)
  })

  it('takes 858 bytes and no more', () => {
    expect(qrCode('a'.repeat(858))).not.toBeNull()
    expect(qrCode('é'.repeat(430))).toBeNull()
  })
})
