import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBackground } from './background.ts'
import { UnavailableError } from './unavailable.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function open(delays: number[] = []) {
  const failures: unknown[] = []
  const begun: string[] = []
  const background = createBackground({
    delay: () => delays.shift() ?? 500,
    onError: (error, requestId) => failures.push([requestId, (error as Error).message]),
  })
  const later = (name: string, work = () => Promise.resolve()) =>
    background.later(name, () => {
      begun.push(name)
      return work()
    })
  return { background, later, begun, failures }
}

describe('work in the background', () => {
  it('begins after its delay, not in the order in which it was asked for', async () => {
    const { later, begun } = open([900, 300])
    later('first')
    later('second')
    await vi.advanceTimersByTimeAsync(299)
    expect(begun).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(begun).toEqual(['second'])
    await vi.advanceTimersByTimeAsync(600)
    expect(begun).toEqual(['second', 'first'])
  })

  it('tells of failures and goes on', async () => {
    const { later, begun, failures } = open()
    later('first', () => Promise.reject(new Error('no')))
    later('second')
    await vi.advanceTimersByTimeAsync(500)
    expect(begun).toEqual(['first', 'second'])
    expect(failures).toEqual([['first', 'no']])
  })

  it('is done at the end, what waits and what runs', async () => {
    const { background, later, begun, failures } = open([100, 900, 900])
    let end = () => {}
    later('running', () => new Promise((resolve) => (end = resolve)))
    later('waiting', () => Promise.reject(new Error('no')))
    later('last')
    await vi.advanceTimersByTimeAsync(100)
    let closed = false
    const closing = background[Symbol.asyncDispose]().then(() => (closed = true))
    await vi.advanceTimersByTimeAsync(0)
    expect(begun).toEqual(['running', 'waiting', 'last'])
    expect(failures).toEqual([['waiting', 'no']])
    expect(closed).toBe(false)
    end()
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })

  it('refuses what is too much', () => {
    const { later } = open()
    for (let n = 0; n < 1_000; n++) later(String(n))
    expect(() => later('one more')).toThrow(UnavailableError)
  })
})
