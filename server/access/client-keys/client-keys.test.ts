import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { FetchGuardedOutcome } from '../outbound/outbound.ts'
import { createClientKeys } from './client-keys.ts'
import { parseJwks } from './jwks.ts'

const ec = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
})

function createRemote() {
  let now = 1_000_000_000
  let answer: FetchGuardedOutcome = { kind: 'failed', reason: 'gone' }
  let fetches = 0
  const keys = createClientKeys({
    clock: { now: () => now, monotonic: () => now },
    outbound: {
      async fetchGuarded() {
        fetches++
        await Promise.resolve()
        return answer
      },
    },
  })
  return {
    keysOf: (kid: string | null = null) =>
      keys.keysOf({ jwks: null, jwksUri: 'https://a.example/jwks' }, kid),
    pass: (milliseconds: number) => (now += milliseconds),
    publish(...kids: string[]) {
      const text = JSON.stringify({ keys: kids.map(ec) })
      answer = { kind: 'fetched', text, headers: new Headers() }
    },
    answer: (outcome: FetchGuardedOutcome) => (answer = outcome),
    fetches: () => fetches,
  }
}

const kidsOf = async (found: ReturnType<ReturnType<typeof createRemote>['keysOf']>) =>
  (await found)?.keys.map(({ kid }) => kid) ?? null

describe('keys by URL', () => {
  it('are fetched once, for all who ask at the same time and for ten minutes', async () => {
    const remote = createRemote()
    remote.publish('one')
    const found = await Promise.all([remote.keysOf('one'), remote.keysOf('one'), remote.keysOf()])
    expect(found.map((jwks) => jwks?.keys[0]!.kid)).toEqual(['one', 'one', 'one'])
    remote.pass(599_000)
    await remote.keysOf('one')
    expect(remote.fetches()).toBe(1)
    remote.pass(2_000)
    await remote.keysOf('one')
    expect(remote.fetches()).toBe(2)
  })

  it('are fetched anew for a key id that is unknown, at most once a minute', async () => {
    const remote = createRemote()
    remote.publish('one')
    await remote.keysOf('one')
    remote.publish('one', 'two')
    expect(await kidsOf(remote.keysOf('two'))).toEqual(['one'])
    remote.pass(60_000)
    expect(await kidsOf(remote.keysOf('two'))).toEqual(['one', 'two'])
    for (let count = 0; count < 20; count++) await remote.keysOf(`unknown ${count}`)
    expect(remote.fetches()).toBe(2)
  })

  it('answer at once for a key id that is known, while another’s is being looked for', async () => {
    const remote = createRemote()
    remote.publish('one')
    await remote.keysOf('one')
    remote.pass(60_000)
    const looking = remote.keysOf('unknown')
    expect(looking).toBeInstanceOf(Promise)
    expect(remote.keysOf('one')).not.toBeInstanceOf(Promise)
    expect(remote.keysOf()).not.toBeInstanceOf(Promise)
    await looking
    expect(remote.fetches()).toBe(2)
  })

  it('stay for an hour when they cannot be fetched, and no longer', async () => {
    const remote = createRemote()
    remote.publish('one')
    await remote.keysOf('one')
    remote.answer({ kind: 'failed', reason: 'gone' })
    remote.pass(3_600_000)
    expect(await kidsOf(remote.keysOf('one'))).toEqual(['one'])
    remote.pass(60_001)
    expect(await kidsOf(remote.keysOf('one'))).toBeNull()
    remote.publish('two')
    remote.pass(60_000)
    expect(await kidsOf(remote.keysOf('one'))).toEqual(['two'])
  })

  it('leave out what is no public key for signatures', async () => {
    const remote = createRemote()
    const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' }
    const text = JSON.stringify({ keys: [secret, { ...ec('enc'), use: 'enc' }, 7, ec('one')] })
    remote.answer({ kind: 'fetched', text, headers: new Headers() })
    expect(await kidsOf(remote.keysOf('one'))).toEqual(['one'])
  })

  it.each(['no JSON', '[]', '{"keys":[]}', '{"keys":{}}'])('are none in %s', async (text) => {
    const remote = createRemote()
    remote.answer({ kind: 'fetched', text, headers: new Headers() })
    expect(await kidsOf(remote.keysOf())).toBeNull()
  })
})

describe('keys by value', () => {
  it('are kept with their public members alone', () => {
    const key = { ...ec('one'), x5c: ['...'], foo: 'bar' }
    expect(parseJwks({ keys: [key] })).toEqual({
      keys: [{ kty: 'EC', crv: 'P-256', x: key.x, y: key.y, kid: 'one' }],
    })
  })

  const rsa = (bits: number) =>
    generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
  it.each([
    ['a private key', { ...ec('one'), d: 'AAAA' }, 'public'],
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }, 'public'],
    ['a short RSA key', rsa(1_024), '2048'],
    ['a key for encryption', { ...ec('one'), use: 'enc' }, 'signatures'],
    ['a point that is not on the curve', { ...ec('one'), x: 'A'.repeat(43) }, 'P-256'],
    ['another curve', { kty: 'EC', crv: 'secp256k1', x: 'AAAA', y: 'AAAA' }, 'P-256'],
    ['what is no key', 'key', 'object'],
  ])('are refused with %s', (_name, key, reason) => {
    expect(parseJwks({ keys: [ec('good'), key] })).toContain(reason)
  })

  it('are 1 to 20', () => {
    expect(parseJwks({ keys: [] })).toBe('has no key')
    expect(parseJwks({ keys: Array.from({ length: 21 }, () => ec('a')) })).toContain('20')
    expect(parseJwks(null)).toContain('JWK Set')
  })
})
