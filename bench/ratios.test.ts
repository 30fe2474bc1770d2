import { describe, expect, it } from 'vitest'
import { compare, median, type Ratio, type Sample, type TargetName } from './ratios.ts'

describe('median', () => {
  it('is the middle one, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([10, 1, 3, 5])).toBe(4)
    expect(median([])).toBeNaN()
  })
})

describe('compare', () => {
  const ratio: Ratio = { name: 'r', of: 'token', to: 'hello', target: 0.5, description: '' }
  const samples = (token: number[], hello: number[]) =>
    new Map<TargetName, Sample[]>([
      ['token', token.map((perSecond) => ({ perSecond, busy: null }))],
      ['hello', hello.map((perSecond) => ({ perSecond, busy: null }))],
    ])

  it('takes the median of the rounds’ ratios, not the ratio of medians', () => {
    // A machine that is half as fast in one round changes neither.
    const result = compare(ratio, samples([60, 30, 70], [100, 50, 100]))
    expect(result).toMatchObject({ median: 0.6, spread: [0.6, 0.7], met: true })
  })

  it('says when the target is missed', () => {
    expect(compare(ratio, samples([49, 49, 49], [100, 100, 100]))).toMatchObject({
      median: 0.49,
      met: false,
    })
  })

  it('says what it would be by CPU time', () => {
    const shared = new Map<TargetName, Sample[]>([
      ['token', [{ perSecond: 40, busy: 0.5 }]],
      ['hello', [{ perSecond: 100, busy: 1 }]],
    ])
    expect(compare(ratio, shared)).toMatchObject({ median: 0.4, byCpuTime: 0.8, met: false })
    expect(compare(ratio, samples([1], [2])).byCpuTime).toBeNull()
  })

  it('is not a number when a target was not measured', () => {
    expect(compare(ratio, samples([1], [])).median).toBeNaN()
  })
})
