import { expect, it } from 'vitest'
import { parseMasterKey } from '../keys/master-key.ts'
import { createDpopNonces } from './dpop-nonces.ts'
import { createSeenProofs } from './seen-proofs.ts'

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64')
const masterKey = parseMasterKey(key(1))

function movable() {
  let now = 1_800_000_000_000
  return {
    now: () => now,
    monotonic: () => now,
    advance(milliseconds: number) {
      now += milliseconds
    },
  }
}

it('RFC 9449 §8: a nonce is good for its span and the next, and no longer', () => {
  const clock = movable()
  const nonces = createDpopNonces({ masterKey, clock })
  const nonce = nonces.current()
  expect(nonces.accepts(nonce)).toBe(true)
  clock.advance(180_000)
  expect(nonces.current()).not.toBe(nonce)
  expect(nonces.accepts(nonce)).toBe(true)
  clock.advance(180_000)
  expect(nonces.accepts(nonce)).toBe(false)
})

it('agrees with another node, also one that has an older master key yet', () => {
  const clock = movable()
  const older = createDpopNonces({ masterKey, clock })
  const newer = createDpopNonces({ masterKey: parseMasterKey(`2:${key(2)},1:${key(1)}`), clock })
  expect(newer.accepts(older.current())).toBe(true)
  expect(older.accepts('x')).toBe(false)
  const stranger = createDpopNonces({ masterKey: parseMasterKey(key(3)), clock })
  expect(stranger.accepts(older.current())).toBe(false)
})

it('RFC 9449 §11.1: lets a proof in once', () => {
  const clock = movable()
  const seen = createSeenProofs({ clock })
  const proof = { jkt: 'k', jti: '1', nonce: null, expiresAt: clock.now() + 60_000 }
  expect(seen.use(proof)).toBe(true)
  expect(seen.use(proof)).toBe(false)
  expect(seen.use({ ...proof, jti: '2' })).toBe(true)
  expect(seen.use({ ...proof, jkt: 'other' })).toBe(true)
})
