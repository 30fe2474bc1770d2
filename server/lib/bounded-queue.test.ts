import { describe, expect, it } from 'vitest'
import { createBoundedQueue } from './bounded-queue.ts'

describe('a bounded queue', () => {
  it('runs so many at once, the others in turn, and refuses what is too much', async () => {
    const run = createBoundedQueue({ atOnce: 2, waiting: 2 })
    const ends: (() => void)[] = []
    const started: number[] = []
    const work = (n: number) =>
      run(() => {
        started.push(n)
        return new Promise<number>((resolve) => ends.push(() => resolve(n)))
      })
    const all = [work(0), work(1), work(2), work(3)]
    await expect(work(4)).rejects.toThrow('Too many wait')
    expect(started).toEqual([0, 1])
    ends[1]!()
    expect(await all[1]).toBe(1)
    expect(started).toEqual([0, 1, 2])
    ends[0]!()
    ends[2]!()
    await Promise.all([all[0], all[2]])
    ends[3]!()
    expect(await all[3]).toBe(3)
  })

  it('goes on after a failure', async () => {
    const run = createBoundedQueue({ atOnce: 1, waiting: 1 })
    await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await run(() => Promise.resolve('yes'))).toBe('yes')
  })
})
