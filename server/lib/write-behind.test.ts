import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WriteBehind } from './write-behind.ts'

interface Count {
  key: string
  count: number
}

function setUp({ maximum = 1_000, batchSize = 500 } = {}) {
  const written: Count[][] = []
  const errors: unknown[] = []
  const database = { fails: false, written, errors }
  const waiting = new WriteBehind<Count>({
    maximum,
    batchSize,
    createOverflow: () => ({ key: 'others', count: 0 }),
    onError: (error) => errors.push(error),
    async write(values) {
      if (database.fails) throw new Error('no database')
      written.push(values)
    },
  })
  const count = (key: string) => waiting.collect(key, () => ({ key, count: 0 })).count++
  return { waiting, count, database }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

it('writes together what was collected within a second', async () => {
  const { count, database } = setUp()
  count('a')
  count('b')
  count('a')
  expect(database.written).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  const both = [
    { key: 'a', count: 2 },
    { key: 'b', count: 1 },
  ]
  expect(database.written).toEqual([both])
  count('a')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(database.written).toEqual([both, [{ key: 'a', count: 1 }]])
})

it('does nothing while there is nothing to write', async () => {
  const { waiting, count } = setUp()
  expect(vi.getTimerCount()).toBe(0)
  count('a')
  expect(vi.getTimerCount()).toBe(1)
  await vi.advanceTimersByTimeAsync(1_000)
  await waiting.flush()
  expect(vi.getTimerCount()).toBe(0)
})

it('keeps what could not be written, and tries again by itself', async () => {
  const { count, database } = setUp()
  database.fails = true
  count('a')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(database.errors).toEqual([new Error('no database')])
  count('a')
  count('b')
  database.fails = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(database.written.flat()).toEqual([
    { key: 'a', count: 1 },
    { key: 'a', count: 1 },
    { key: 'b', count: 1 },
  ])
})

it('rejects a flush that fails, and writes all at the next', async () => {
  const { waiting, count, database } = setUp()
  database.fails = true
  count('a')
  await expect(waiting.flush()).rejects.toThrow('no database')
  database.fails = false
  count('b')
  await waiting.flush()
  expect(database.written.flat().map((value) => value.key)).toEqual(['a', 'b'])
})

it('counts what finds no room under one key', async () => {
  const { waiting, count, database } = setUp({ maximum: 2 })
  for (const key of ['a', 'b', 'c', 'd', 'a', 'c']) count(key)
  await waiting.flush()
  expect(database.written.flat()).toEqual([
    { key: 'a', count: 2 },
    { key: 'b', count: 1 },
    { key: 'others', count: 3 },
  ])
  count('c')
  await waiting.flush()
  expect(database.written.flat()).toHaveLength(4)
})

it('writes many values in batches, and after a failure only those that are left', async () => {
  const { waiting, count, database } = setUp({ maximum: 2_000 })
  for (let index = 0; index < 1_200; index++) count(String(index))
  // Listened to at once: it fails while this test is still waiting for the first batch.
  const failure = waiting.flush().catch((error: unknown) => error)
  while (database.written.length === 0) await Promise.resolve()
  database.fails = true
  expect(String(await failure)).toContain('no database')
  database.fails = false
  await waiting.flush()
  expect(database.written.map((batch) => batch.length)).toEqual([500, 500, 200])
  expect(new Set(database.written.flat().map((value) => value.key)).size).toBe(1_200)
})

it('writes as many together as it is told to', async () => {
  const { waiting, count, database } = setUp({ maximum: 2_000, batchSize: 1_000 })
  for (let index = 0; index < 1_200; index++) count(String(index))
  await waiting.flush()
  expect(database.written.map((batch) => batch.length)).toEqual([1_000, 200])
})

it('writes what is waiting when it is closed, and nothing by itself afterwards', async () => {
  const { waiting, count, database } = setUp()
  count('a')
  await waiting[Symbol.asyncDispose]()
  expect(database.written).toEqual([[{ key: 'a', count: 1 }]])
  count('b')
  expect(vi.getTimerCount()).toBe(0)
})
