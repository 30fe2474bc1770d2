import { expect, it } from 'vitest'
import type { Policy } from './decision.ts'
import { createNetworkLimits } from './network-limits.ts'

const clock = { now: () => 1_800_000_000_000, monotonic: () => 0 }

const policy = (key: string): Policy => ({
  name: 'endpoint',
  key,
  quota: 1,
  windowSeconds: 60,
  policyItem: '',
})

it('counts each network, and forgets the one that has not called for longest', async () => {
  await using store = createNetworkLimits({ clock, maximum: 2 })
  const allows = async (key: string) => (await store.take([policy(key)])).allowed
  expect(await allows('a')).toBe(true)
  expect(await allows('b')).toBe(true)
  expect(await allows('a')).toBe(false)
  // Room is made by forgetting b: a has called since.
  expect(await allows('c')).toBe(true)
  expect(await allows('a')).toBe(false)
  expect(await allows('b')).toBe(true)
})
