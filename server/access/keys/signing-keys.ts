import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'
import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import { type Actor, systemActor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import { generateSigningKey, type SigningAlgorithm } from './algorithms.ts'
import type { MasterKey } from './master-key.ts'
import { decryptPrivateKey, encryptPrivateKey } from './private-key-encryption.ts'

/**
 * The keys that sign tokens. Each has phases that follow from times alone, so all nodes agree:
 * announced (in the JWKS before `signsFrom`, so that caches of it learn the key), signing (the
 * newest whose `signsFrom` has come), retained (until the last token it signed has expired), gone.
 * There are keys of the installation's algorithm, and always RS256 for clients that ask for it.
 * `maintain` makes the next key in time; private keys are encrypted under the master key.
 */
export interface SigningKeys {
  /** The key that signs now. */
  signer(algorithm?: SigningAlgorithm): SigningKey
  /** The key of a token's header, in any phase but gone; null when there is none. */
  find(kid: string): SigningKey | null
  /** The public keys, as RFC 7517 §5 has them. */
  jwks(): { keys: JWK[] }
  list(): KeyInfo[]
  /** Makes missing and due keys, drops those that nothing needs any more; safe on several nodes. */
  maintain(): Promise<void>
  /**
   * For emergencies: new keys sign at once, of one algorithm or all.
   * @param revoke drop the old keys too, so that every token they signed is dead
   */
  rotate(
    actor: Actor,
    options: { algorithm?: SigningAlgorithm; revoke: boolean },
  ): Promise<KeyInfo[]>
}

export interface SigningKey {
  kid: string
  algorithm: SigningAlgorithm
  publicKey: KeyObject
  privateKey: KeyObject
  publicJwk: JWK
  createdAt: number
  /** Epoch milliseconds from which on it signs. */
  signsFrom: number
}

export interface KeyInfo {
  kid: string
  algorithm: SigningAlgorithm
  phase: 'announced' | 'signing' | 'retained'
  createdAt: number
  signsFrom: number
}

type SigningKeyRow = Selectable<Tables['signing_keys']>

/** Tokens live a day at most; a minute more for clocks that differ. */
const RETAINED_MILLISECONDS = 86_400_000 + 60_000

export async function createSigningKeys(options: {
  database: Database
  masterKey: MasterKey
  audit: Audit
  clock: Clock
  random: RandomBytes
  algorithm: SigningAlgorithm
  rotateAfterMilliseconds: number
  announceMilliseconds: number
  /** Hears of keys that cannot be opened. */
  onError: (error: unknown) => void
}): Promise<SigningKeys> {
  const { database, masterKey, audit, clock, random } = options
  const algorithms = [...new Set<SigningAlgorithm>([options.algorithm, 'RS256'])]
  let keys: SigningKey[] = []

  /** One after the other, so that an older answer of the database never replaces a newer one. */
  let loading: Promise<void> = Promise.resolve()
  function load(): Promise<void> {
    loading = loading.catch(() => {}).then(loadOnce)
    return loading
  }

  async function loadOnce(): Promise<void> {
    const rows = await database.query
      .selectFrom('signing_keys')
      .selectAll()
      .orderBy('signs_from')
      .execute()
    const known = new Map(keys.map((key) => [key.kid, key]))
    keys = rows.flatMap((row) => known.get(row.kid) ?? tryOpen(row))
  }

  /** A key under a master key that this node lacks must not keep it from hearing of the others. */
  function tryOpen(row: SigningKeyRow): SigningKey[] {
    try {
      return [open(row)]
    } catch (cause) {
      options.onError(new Error(`the signing key ${row.kid} cannot be opened`, { cause }))
      return []
    }
  }

  function open(row: SigningKeyRow): SigningKey {
    const publicJwk = JSON.parse(row.public_jwk) as JWK
    const pkcs8 = decryptPrivateKey(
      masterKey.derive('signing-keys', row.master_key_version),
      row.kid,
      row.private_key,
    )
    return {
      kid: row.kid,
      algorithm: row.algorithm as SigningAlgorithm,
      publicKey: createPublicKey({ key: publicJwk, format: 'jwk' }),
      privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
      publicJwk,
      createdAt: row.created_at,
      signsFrom: row.signs_from,
    }
  }

  /** Newest first among those of the algorithm that sign or have signed. */
  function started(algorithm: SigningAlgorithm, at: number): SigningKey[] {
    return keys.filter((key) => key.algorithm === algorithm && key.signsFrom <= at).reverse()
  }

  function phase(key: SigningKey, at: number): KeyInfo['phase'] | 'gone' {
    if (key.signsFrom > at) return 'announced'
    // A key of an algorithm that was configured once is followed by one of the present algorithm.
    const following = algorithms.includes(key.algorithm) ? key.algorithm : options.algorithm
    const successor = keys.find(
      (other) =>
        other.algorithm === following && other.signsFrom > key.signsFrom && other.signsFrom <= at,
    )
    if (!successor) return 'signing'
    return successor.signsFrom + RETAINED_MILLISECONDS > at ? 'retained' : 'gone'
  }

  async function make(algorithm: SigningAlgorithm, signsFrom: number): Promise<SigningKeyRow> {
    const { publicKey, privateKey } = await generateSigningKey(algorithm)
    const jwk = await exportJWK(publicKey)
    const kid = await calculateJwkThumbprint(jwk)
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
    return {
      kid,
      algorithm,
      public_jwk: JSON.stringify({ ...jwk, kid, alg: algorithm, use: 'sig' }),
      private_key: encryptPrivateKey(masterKey.derive('signing-keys'), kid, pkcs8, random),
      master_key_version: masterKey.newestVersion,
      created_at: clock.now(),
      signs_from: signsFrom,
    }
  }

  async function insert(write: Write, actor: Actor, row: SigningKeyRow): Promise<void> {
    await write.query.insertInto('signing_keys').values(row).execute()
    write.announce('signing-keys', row.kid)
    audit.record(write, actor, {
      action: 'signing-key.create',
      object: { kind: 'signing-key', id: row.kid },
      customerId: null,
      details: { algorithm: row.algorithm, signsFrom: row.signs_from },
    })
  }

  /** When the next key of the algorithm should sign, if it must be made now. */
  function due(signsFroms: number[], at: number): number | null {
    const newest = Math.max(...signsFroms)
    if (signsFroms.length === 0) return at
    const next = Math.max(
      newest + options.rotateAfterMilliseconds,
      at + options.announceMilliseconds,
    )
    return next - options.announceMilliseconds <= at ? next : null
  }

  async function makeDue(algorithm: SigningAlgorithm): Promise<void> {
    const own = () => keys.filter((key) => key.algorithm === algorithm)
    const signsFrom = due(
      own().map((key) => key.signsFrom),
      clock.now(),
    )
    if (signsFrom === null) return
    // Made before the transaction, which may await nothing but the database.
    const row = await make(algorithm, signsFrom)
    await database.write(async (write) => {
      await write.lock('signing-keys')
      const rows = await write.query
        .selectFrom('signing_keys')
        .select('signs_from')
        .where('algorithm', '=', algorithm)
        .execute()
      // Another node may have been faster.
      if (
        due(
          rows.map((other) => other.signs_from),
          clock.now(),
        ) === null
      )
        return
      await insert(write, systemActor, row)
    })
  }

  async function dropGone(): Promise<void> {
    const gone = keys.filter((key) => phase(key, clock.now()) === 'gone').map((key) => key.kid)
    if (gone.length === 0) return
    await database.write(async (write) => {
      await write.query.deleteFrom('signing_keys').where('kid', 'in', gone).execute()
      for (const kid of gone) write.announce('signing-keys', kid)
    })
  }

  // The feed waits: a key that was revoked is never trusted once the feed counts as read.
  database.feed.subscribe(({ topic }) =>
    topic === 'signing-keys' || topic === 'everything' ? load() : undefined,
  )

  const signingKeys: SigningKeys = {
    signer(algorithm = options.algorithm) {
      const of = (name: SigningAlgorithm) =>
        // A clock that was set back must not stop all logins: the earliest key signs before its time.
        started(name, clock.now())[0] ?? keys.find((key) => key.algorithm === name)
      const key = of(algorithm) ?? of(options.algorithm)
      if (!key) throw new Error('there is no key that signs')
      return key
    },
    find: (kid) => {
      const key = keys.find((candidate) => candidate.kid === kid)
      return key && phase(key, clock.now()) !== 'gone' ? key : null
    },
    jwks: () => ({
      keys: keys.filter((key) => phase(key, clock.now()) !== 'gone').map((key) => key.publicJwk),
    }),
    list: () =>
      keys.flatMap((key) => {
        const { kid, algorithm, createdAt, signsFrom } = key
        const current = phase(key, clock.now())
        return current === 'gone' ? [] : [{ kid, algorithm, phase: current, createdAt, signsFrom }]
      }),
    async maintain() {
      await load()
      for (const algorithm of algorithms) await makeDue(algorithm)
      await load()
      await dropGone()
    },
    async rotate(actor, { algorithm, revoke }) {
      const chosen = algorithm ? [algorithm] : algorithms
      const rows = await Promise.all(chosen.map((each) => make(each, clock.now())))
      await database.write(async (write) => {
        await write.lock('signing-keys')
        // What was only announced would take over later from the key made now.
        const dropped = write.query.deleteFrom('signing_keys').where('algorithm', 'in', chosen)
        await (revoke ? dropped : dropped.where('signs_from', '>', clock.now())).execute()
        for (const row of rows) await insert(write, actor, row)
        audit.record(write, actor, {
          action: 'signing-key.rotate',
          object: { kind: 'signing-key', id: rows.map((row) => row.kid).join(' ') },
          customerId: null,
          details: { algorithms: chosen, revoked: revoke },
        })
      })
      await load()
      return signingKeys.list()
    },
  }
  await load()
  return signingKeys
}
