import { timingSafeEqual } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { FillCache } from '../../lib/fill-cache.ts'
import { createHmacSha256, type HmacSha256 } from '../../lib/hmac.ts'
import { type ClientRow, KNOWN_CLIENT } from '../clients/client-rows.ts'
import type { Clients } from '../clients/clients.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { isUsable, secretState } from './client-secret.ts'
import { secretIdOf } from './secret-text.ts'

/**
 * Whether a presented secret is good: one look-up by the id inside it, one HMAC, however many secrets
 * the client has. Also tells tokens what became of the secret they were obtained with. Creating,
 * listing, rolling and deleting secrets is in `secrets.ts`; when they were used, in `last-use.ts`.
 */
export interface SecretVerification {
  /** Needs a fresh feed (`ChangeFeed.ensureFresh`). */
  verify(clientId: string, text: string): Promise<SecretOutcome>
  /** What a token needs to know of its secret; null: there is none of that id any more. */
  find(secretId: string): KnownSecret | null | Promise<KnownSecret | null>
}

export type SecretOutcome =
  | { kind: 'valid'; secretId: string; pepperVersion: number }
  /** Was right once, so nobody is guessing; or nobody can know, because its pepper is not configured. */
  | {
      kind: 'ended'
      secretId: string
      reason: 'secret_revoked' | 'secret_expired' | 'pepper_unknown'
    }
  | { kind: 'wrong'; reason: 'secret_malformed' | 'secret_unknown' | 'secret_mismatch' }

export interface KnownSecret {
  id: string
  clientId: string
  hash: Buffer
  pepperVersion: number
  tokensRevoked: boolean
  revoked_at: number | null
  expires_at: number | null
  retiring: number
}

export function createSecretVerification(options: {
  database: Database
  masterKey: MasterKey
  clock: Clock
  /** They are asked for next, so the look-up of a secret brings its client along. */
  clients: Pick<Clients, 'beginFill'>
  maximumCached: number
}): SecretVerification {
  const { database, masterKey, clock, clients } = options
  const cache = new FillCache<KnownSecret>(options.maximumCached)
  database.feed.subscribe(({ topic, key }) => {
    if (topic === 'secret') cache.invalidate(key)
    else if (topic === 'everything') cache.clear()
  })
  const select = database.prepare<SecretRow>(
    `select client_secrets.id as secret_id, client_secrets.hash, client_secrets.pepper_version,
       client_secrets.tokens_revoked, client_secrets.revoked_at, client_secrets.expires_at,
       client_secrets.retiring, ${KNOWN_CLIENT}
     from client_secrets
       join clients on clients.id = client_secrets.client_id
       join customers on customers.id = clients.customer_id
     where client_secrets.id = $1`,
  )

  function load(id: string): KnownSecret | null | Promise<KnownSecret | null> {
    const keepClient = clients.beginFill()
    const known = ([row]: SecretRow[]) => {
      if (!row) return null
      keepClient(row)
      return toKnownSecret(row)
    }
    const rows = select(id)
    return rows instanceof Promise ? rows.then(known) : known(rows)
  }

  const find = (id: string) => cache.get(id, () => load(id))

  return {
    find,
    async verify(clientId, text) {
      const id = secretIdOf(text)
      if (id === null) return { kind: 'wrong', reason: 'secret_malformed' }
      const secret = await find(id)
      if (secret === null || secret.clientId !== clientId) {
        return { kind: 'wrong', reason: 'secret_unknown' }
      }
      if (!masterKey.versions.includes(secret.pepperVersion)) {
        return { kind: 'ended', secretId: id, reason: 'pepper_unknown' }
      }
      const hash = hashSecret(masterKey, text, secret.pepperVersion)
      if (!timingSafeEqual(hash, secret.hash)) return { kind: 'wrong', reason: 'secret_mismatch' }
      const state = secretState(secret, clock.now())
      if (isUsable(state))
        return { kind: 'valid', secretId: id, pepperVersion: secret.pepperVersion }
      return {
        kind: 'ended',
        secretId: id,
        reason: state === 'revoked' ? 'secret_revoked' : 'secret_expired',
      }
    },
  }
}

/** HMAC-SHA-256 under a pepper derived from the master key; the secret's 256 bits need no slow hash. */
export function hashSecret(masterKey: MasterKey, text: string, pepperVersion: number): Buffer {
  let versions = hmacs.get(masterKey)
  if (!versions) hmacs.set(masterKey, (versions = new Map()))
  let hmac = versions.get(pepperVersion)
  if (!hmac) {
    hmac = createHmacSha256(masterKey.derive('client-secrets', pepperVersion))
    versions.set(pepperVersion, hmac)
  }
  return hmac(text)
}

const hmacs = new WeakMap<MasterKey, Map<number, HmacSha256>>()

interface SecretRow extends ClientRow {
  secret_id: string
  hash: string
  pepper_version: number
  tokens_revoked: number
  revoked_at: number | null
  expires_at: number | null
  retiring: number
}

function toKnownSecret(row: SecretRow): KnownSecret {
  return {
    id: row.secret_id,
    clientId: row.id,
    hash: Buffer.from(row.hash, 'base64url'),
    pepperVersion: row.pepper_version,
    tokensRevoked: row.tokens_revoked === 1,
    revoked_at: row.revoked_at,
    expires_at: row.expires_at,
    retiring: row.retiring,
  }
}
