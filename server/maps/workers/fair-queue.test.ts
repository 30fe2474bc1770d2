import { expect, it } from 'vitest'
import { createFairQueue } from './fair-queue.ts'

const filled = (places: Record<string, string[]>, room = { ofOne: 100, ofAll: 100 }) => {
  const queue = createFairQueue<string>(room)
  for (const [caller, items] of Object.entries(places)) {
    for (const item of items) queue.add(item, caller)
  }
  const rest = () => {
    const taken: string[] = []
    for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item)
    return taken
  }
  return { ...queue, rest }
}

it('takes turns over callers, each in their own order', () => {
  const { rest, isEmpty } = filled({ a: ['a1', 'a2', 'a3'], b: ['b1'], c: ['c1', 'c2'] })
  expect(rest()).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
  expect(isEmpty()).toBe(true)
})

it('puts who comes back behind all who wait', () => {
  const { add, take, rest } = filled({ a: ['a1', 'a2'], b: ['b1'], c: ['c1'] })
  expect([take(), take()]).toEqual(['a1', 'b1'])
  add('b2', 'b')
  expect(rest()).toEqual(['c1', 'a2', 'b2'])
})

it('takes a shared item once, with the first of those who wait for it', () => {
  const { share, take, rest, isEmpty } = filled({ a: ['a1', 'a2', 'a3'], b: ['b1', 'b2'] })
  share('a3', 'c')
  share('a1', 'b')
  expect([take(), take(), take()]).toEqual(['a1', 'b1', 'a3'])
  share('a1', 'c')
  expect(rest()).toEqual(['a2', 'b2'])
  expect(isEmpty()).toBe(true)
})

it('has room for so many of one caller and so many of all, and for more when some were taken', () => {
  const { add, share, take, rest } = filled({ a: ['a1', 'a2'] }, { ofOne: 2, ofAll: 3 })
  expect(add('a3', 'a')).toBe(false)
  expect(add('b1', 'b')).toBe(true)
  expect(add('c1', 'c')).toBe(false)
  share('a2', 'c')
  expect([take(), take()]).toEqual(['a1', 'b1'])
  // Its place with others counts as one.
  share('a2', 'b')
  expect([add('c1', 'c'), add('c2', 'c')]).toEqual([true, false])
  expect(rest()).toEqual(['a2', 'c1'])
})

it('leaves room for others, however much a few ask for', () => {
  const { add } = filled({}, { ofOne: 4, ofAll: 8 })
  const taken = ['a', 'b', 'c', 'd'].map(
    (caller) => [1, 2, 3, 4, 5].filter((item) => add(`${caller}${item}`, caller)).length,
  )
  expect(taken).toEqual([4, 2, 1, 1])
})
