import type { JSONWebKeySet, JWK } from 'jose'
import { importPublicKey } from '../../protocol/jws.ts'

/** Public keys of clients (RFC 7517 §5), as they may be given by value or fetched. */

/** More keys than this nobody needs, and each costs time to try. */
const MAXIMUM_KEYS = 20

/**
 * A key set that a client gave by value: every key of it must be one that a client can sign with.
 * @returns the set with the public members alone, or what is wrong with it, for whoever gave it
 */
export function parseJwks(value: unknown): JSONWebKeySet | string {
  const keys = keysIn(value)
  if (typeof keys === 'string') return keys
  const usable: JWK[] = []
  for (const key of keys) {
    const publicKey = toPublicKey(key)
    if (typeof publicKey === 'string') return publicKey
    usable.push(publicKey)
  }
  return { keys: usable }
}

/**
 * A fetched key set: it may hold keys for other ends, which are left out.
 * @returns null when it is no key set at all
 */
export function readRemoteJwks(text: string): JSONWebKeySet | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const keys = keysIn(value)
  if (typeof keys === 'string') return null
  const usable = keys.map(toPublicKey).filter((key) => typeof key !== 'string')
  return { keys: usable }
}

function keysIn(value: unknown): unknown[] | string {
  const keys = isObject(value) ? value.keys : undefined
  if (!Array.isArray(keys)) return 'is not a JWK Set (RFC 7517 §5)'
  if (keys.length === 0) return 'has no key'
  if (keys.length > MAXIMUM_KEYS) return `has more than ${MAXIMUM_KEYS} keys`
  return keys as unknown[]
}

function toPublicKey(value: unknown): JWK | string {
  if (!isObject(value)) return 'has a key that is no object'
  // A symmetric key here would make a public thing a secret; a private one was sent by mistake.
  if (value.kty === 'oct' || PRIVATE.some((name) => name in value)) {
    return 'has a key that is not public: only public keys belong here'
  }
  if (value.use !== undefined && value.use !== 'sig') return 'has a key that is not for signatures'
  if (!importPublicKey(value)) {
    return 'has a key that is not EC with P-256, OKP with Ed25519, or RSA with 2048 to 8192 bits'
  }
  const named = MEMBERS.flatMap((name) => {
    const member = value[name]
    return typeof member === 'string' && member.length <= 2_000 ? [[name, member] as const] : []
  })
  return Object.fromEntries(named)
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** What is kept of a key. */
const MEMBERS = ['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e'] as const

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
