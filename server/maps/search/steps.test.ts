import { describe, expect, it } from 'vitest'
import { runLater, runNow, type Steps, wait } from './steps.ts'

function* sum(values: readonly (number | Promise<number>)[], closed: string[] = []): Steps<number> {
  let total = 0
  try {
    for (const value of values) total += yield* wait(value)
  } finally {
    closed.push('closed')
  }
  return total
}

describe('runNow', () => {
  it('runs what need not be waited for', () => {
    expect(runNow(sum([1, 2, 3]))).toBe(6)
  })

  it('refuses to wait, and lets the work clean up', () => {
    const closed: string[] = []
    expect(() => runNow(sum([1, Promise.resolve(2)], closed))).toThrow(TypeError)
    expect(closed).toEqual(['closed'])
  })
})

describe('runLater', () => {
  it('waits where there is something to wait for', async () => {
    expect(await runLater(sum([1, Promise.resolve(2), 3]))).toBe(6)
  })

  it('hands failures to the work, and on', async () => {
    const closed: string[] = []
    const failing = runLater(sum([1, Promise.reject(new RangeError('no'))], closed))
    await expect(failing).rejects.toThrow(RangeError)
    expect(closed).toEqual(['closed'])
  })
})
