import { expect, it } from 'vitest'
import { createSeenProofs } from './seen-proofs.ts'

it('RFC 9449 §11.1: takes a proof once, up to the last moment at which it is good', () => {
  let now = 1_000
  const seen = createSeenProofs({ clock: { now: () => now, monotonic: () => now } })
  const proof = { jkt: 'key', jti: 'first', nonce: null, expiresAt: 61_000 }
  expect(seen.use(proof)).toBe(true)
  expect(seen.use(proof)).toBe(false)
  now = proof.expiresAt
  expect(seen.use(proof)).toBe(false)
  expect(seen.use({ ...proof, jti: 'second' })).toBe(true)
  expect(seen.use({ ...proof, jkt: 'other key' })).toBe(true)
})
