import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Quota, SlidingWindow } from './sliding-window.ts'

const START = 1_800_000_000_000

const exactLimit = fc.record({
  quota: fc.integer({ min: 1, max: 100 }),
  windowSeconds: fc.integer({ min: 1, max: 300 }),
})
const groupedLimit = fc.record({
  quota: fc.integer({ min: 101, max: 400 }),
  windowSeconds: fc.integer({ min: 1, max: 300 }),
})

/** Pauses between calls, as shares of the window: bursts, a steady stream, long silences. */
const pauses = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.double({ min: 0, max: 0.01, noNaN: true }) },
    { weight: 2, arbitrary: fc.double({ min: 0, max: 0.2, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1.5, noNaN: true }) },
  ),
  { minLength: 1, maxLength: 1_500, size: 'max' },
)

function callTimes(limit: Quota, shares: number[]): number[] {
  let now = START
  return shares.map((share) => (now += Math.round(share * limit.windowSeconds * 1_000)))
}

/** Calls at each time; through its text each time, if asked. */
function run(limit: Quota, times: number[], stored = false) {
  let window = new SlidingWindow()
  return times.map((now) => {
    if (stored) window = SlidingWindow.parse(window.toString())
    const waitSeconds = window.waitSeconds(limit, now)
    if (waitSeconds === 0) window.record(limit, now)
    const remaining = window.remaining(limit, now)
    return { now, waitSeconds, remaining, resetSeconds: window.resetSeconds(limit, now) }
  })
}

/** The most calls in any window `[t, t + milliseconds)`; it is enough to look at those that begin with a call. */
function mostInAnyWindow(times: number[], milliseconds: number): number {
  let most = 0
  let first = 0
  for (let last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= milliseconds) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

const accepted = (calls: { now: number; waitSeconds: number }[]) =>
  calls.filter((call) => call.waitSeconds === 0).map((call) => call.now)

describe.each([
  ['up to 100', exactLimit],
  ['above 100', groupedLimit],
])('SlidingWindow, quota %s', (_name, limits) => {
  it('never lets more than the quota through in any window', () => {
    fc.assert(
      fc.property(limits, pauses, (limit, shares) => {
        const times = accepted(run(limit, callTimes(limit, shares)))
        expect(mostInAnyWindow(times, limit.windowSeconds * 1_000)).toBeLessThanOrEqual(limit.quota)
      }),
    )
  })

  it('serves who waits as long as it said, and says no more than is needed', () => {
    fc.assert(
      fc.property(limits, pauses, (limit, shares) => {
        const times = callTimes(limit, shares)
        const window = new SlidingWindow()
        for (const now of times) {
          const waitSeconds = window.waitSeconds(limit, now)
          if (waitSeconds === 0) {
            window.record(limit, now)
            continue
          }
          const text = window.toString()
          const later = (milliseconds: number) =>
            SlidingWindow.parse(text).waitSeconds(limit, now + milliseconds)
          expect(later(waitSeconds * 1_000)).toBe(0)
          expect(later((waitSeconds - 1) * 1_000)).not.toBe(0)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('says truly how many calls remain and when there will be more', () => {
    fc.assert(
      fc.property(limits, pauses, (limit, shares) => {
        const times = callTimes(limit, shares)
        const window = new SlidingWindow()
        for (const now of times) {
          if (window.waitSeconds(limit, now) === 0) window.record(limit, now)
        }
        const now = times.at(-1)!
        const remaining = window.remaining(limit, now)
        const text = window.toString()
        for (let call = 0; call < remaining; call++) {
          expect(window.waitSeconds(limit, now)).toBe(0)
          window.record(limit, now)
        }
        expect(window.waitSeconds(limit, now)).toBeGreaterThan(0)
        const kept = SlidingWindow.parse(text)
        const reset = now + kept.resetSeconds(limit, now) * 1_000
        expect(kept.remaining(limit, reset - 1_000)).toBe(remaining)
        expect(kept.remaining(limit, reset)).toBeGreaterThan(remaining)
      }),
    )
  })

  it('answers the same when it was stored as text in between', () => {
    fc.assert(
      fc.property(limits, pauses, (limit, shares) => {
        const times = callTimes(limit, shares)
        expect(run(limit, times, true)).toEqual(run(limit, times))
      }),
      { numRuns: 30 },
    )
  })

  it('takes no harm from a clock that is set back', () => {
    const steps = fc.array(
      fc.record({
        pause: fc.double({ min: 0, max: 0.05, noNaN: true }),
        setBack: fc.oneof(
          { weight: 20, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 7_200_000 }) },
        ),
      }),
      { maxLength: 1_500, size: 'max' },
    )
    fc.assert(
      fc.property(limits, steps, (limit, calls) => {
        const window = new SlidingWindow()
        let truth = START
        let offset = 0
        const served: number[] = []
        for (const { pause, setBack } of calls) {
          truth += Math.round(pause * limit.windowSeconds * 1_000)
          offset -= setBack
          const waitSeconds = window.waitSeconds(limit, truth + offset)
          expect(waitSeconds).toBeLessThanOrEqual(limit.windowSeconds + 1)
          if (waitSeconds > 0) continue
          window.record(limit, truth + offset)
          served.push(truth)
        }
        const windowMilliseconds = limit.windowSeconds * 1_000
        expect(mostInAnyWindow(served, windowMilliseconds)).toBeLessThanOrEqual(limit.quota)
      }),
    )
  })
})

describe('SlidingWindow', () => {
  it('is exact up to a quota of 100: it refuses only what would exceed it', () => {
    fc.assert(
      fc.property(exactLimit, pauses, (limit, shares) => {
        const times: number[] = []
        for (const { now, waitSeconds } of run(limit, callTimes(limit, shares))) {
          const inWindow = times.filter((time) => now - time < limit.windowSeconds * 1_000).length
          expect(waitSeconds === 0).toBe(inWindow < limit.quota)
          if (waitSeconds === 0) times.push(now)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('frees a call at most a sixtieth of the window late above 100', () => {
    fc.assert(
      fc.property(groupedLimit, pauses, (limit, shares) => {
        const times: number[] = []
        const latest = limit.windowSeconds * 1_000 * (1 + 1 / 60)
        for (const { now, waitSeconds } of run(limit, callTimes(limit, shares))) {
          if (waitSeconds === 0) times.push(now)
          else
            expect(times.filter((time) => now - time < latest).length).toBeGreaterThanOrEqual(
              limit.quota,
            )
        }
      }),
      { numRuns: 30 },
    )
  })

  it('stays small however many calls it counts', () => {
    const limit = { quota: 1_000_000, windowSeconds: 60 }
    const window = new SlidingWindow()
    for (let call = 0; call < 200_000; call++) window.record(limit, START + call)
    expect(window.toString().split(' ').length).toBeLessThanOrEqual(62)
  })

  it('judges what it kept by a quota that was changed', () => {
    const window = new SlidingWindow()
    const before = { quota: 200, windowSeconds: 60 }
    for (let call = 0; call < 150; call++) window.record(before, START + call * 100)
    const after = { quota: 20, windowSeconds: 60 }
    const now = START + 20_000
    expect(window.remaining(after, now)).toBe(0)
    const waitSeconds = window.waitSeconds(after, now)
    expect(window.waitSeconds(after, now + (waitSeconds - 1) * 1_000)).toBe(1)
    expect(window.waitSeconds(after, now + waitSeconds * 1_000)).toBe(0)
  })

  it('keeps each call by itself up to 100, and groups those within a sixtieth above', () => {
    const waitAfter = (quota: number, pause: number) => {
      const limit = { quota, windowSeconds: 60 }
      const window = new SlidingWindow()
      window.record(limit, START)
      for (let call = 1; call < quota; call++) window.record(limit, START + pause)
      return window.waitSeconds(limit, START + 59_000)
    }
    expect(waitAfter(100, 999)).toBe(1)
    expect(waitAfter(101, 999)).toBe(2)
    expect(waitAfter(101, 1_000)).toBe(1)
  })

  it('lets a clock that is a little behind stand still', () => {
    const limit = { quota: 2, windowSeconds: 60 }
    const window = new SlidingWindow()
    window.record(limit, START)
    window.record(limit, START - 500)
    expect(window.waitSeconds(limit, START - 500)).toBe(61)
    expect(window.idleAt(limit)).toBe(START + 60_000)
  })

  it('moves its calls back with a clock that is set back', () => {
    const limit = { quota: 200, windowSeconds: 60 }
    const window = new SlidingWindow()
    const setBack = START - 3_600_000
    window.record(limit, START)
    window.record(limit, setBack)
    window.record(limit, setBack + 2_000)
    expect(window.remaining(limit, setBack + 59_999)).toBe(197)
    expect(window.remaining(limit, setBack + 60_000)).toBe(199)
    expect(window.remaining(limit, setBack + 62_000)).toBe(200)
  })

  it('says from when on it may be dropped', () => {
    const limit = { quota: 20, windowSeconds: 60 }
    const window = new SlidingWindow()
    expect(window.idleAt(limit)).toBe(0)
    window.record(limit, START)
    window.record(limit, START + 1)
    expect(window.idleAt(limit)).toBe(START + 60_001)
    expect(window.remaining(limit, START + 60_001)).toBe(20)
    expect(window.toString()).toBe('')
  })
})
