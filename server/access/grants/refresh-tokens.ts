import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import { createTicketHashes } from '../accounts/ticket-hashes.ts'
import type { Actor } from '../audit/actor.ts'
import type { RefreshMode } from '../clients/client.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Grant } from './grant.ts'
import type { Grants } from './grants.ts'
import { openReplay, sealReplay } from './replay.ts'

/**
 * Refresh tokens (RFC 6749 §6): 256 random bits, of which only a keyed hash is stored. They hang on
 * a grant and end with it; each ends when it is idle for too long, and all of a grant at its absolute
 * end. Rotating, a token is used up by one atomic statement, and its answer is kept, sealed, for the
 * retry of a client that did not hear it (`replay.ts`).
 */
export interface RefreshTokens {
  /** @param jkt binds the grant's refresh tokens to this key, when they are not bound yet (RFC 9449 §5) */
  issue(grant: Grant, jkt: string | null): Promise<RefreshToken>
  /** What the token stands for, used up or not; null: there is no such token. */
  find(text: string): Promise<FoundRefreshToken | null>
  /**
   * Uses a token that was found.
   * @param context what makes a later call the same call: the answer is kept for no other
   * @param issue makes the answer with the refresh token that goes into it, before anything is used
   * up: of several calls at once one takes effect, and all get its answer
   */
  use(
    actor: Actor,
    found: FoundRefreshToken,
    mode: RefreshMode,
    context: string,
    issue: (refreshToken: RefreshToken) => string,
  ): Promise<RefreshOutcome>
  /** Forgets those that have expired. */
  prune(): Promise<void>
}

export type RefreshToken = `mgr_${string}`

export interface FoundRefreshToken {
  text: RefreshToken
  clientId: string
  grant: Grant
  expiresAt: number
  /** Idle for too long; or its grant has ended. */
  ended: boolean
  /** Neither ended nor used up. */
  usable: boolean
}

/** `reused`: its grant is revoked. `superseded`: the answer is gone, but it is too early to be sure of theft. */
export type RefreshOutcome =
  | { kind: 'refreshed'; answer: string }
  | { kind: 'superseded' }
  | { kind: 'reused' }
  | { kind: 'ended' }

type TokenRow = Selectable<Tables['refresh_tokens']>

const PREFIX = 'mgr_'
const SHAPE = /^mgr_[0-9A-Za-z]{43}$/

/** How long a client that did not hear the answer may ask again. */
const GRACE_MILLISECONDS = 10_000

export function createRefreshTokens(options: {
  database: Database
  grants: Pick<Grants, 'find' | 'revoke'>
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
  idleMilliseconds: number
}): RefreshTokens {
  const { database, grants, clock, random, idleMilliseconds } = options
  const hashes = createTicketHashes(options.masterKey, 'refresh-token')

  const create = (): RefreshToken => `${PREFIX}${randomBase62(43, random)}`

  const expiryIn = (grant: Grant) => Math.min(clock.now() + idleMilliseconds, grant.expiresAt)

  async function insert(write: Write, text: RefreshToken, grant: Grant): Promise<void> {
    await write.query
      .insertInto('refresh_tokens')
      .values({
        hash: hashes.hash(text),
        grant_id: grant.id,
        client_id: grant.clientId,
        created_at: clock.now(),
        expires_at: expiryIn(grant),
        used_at: null,
        successor_hash: null,
        replay: null,
      })
      .execute()
  }

  async function findRow(text: string): Promise<TokenRow | null> {
    const row = await database.query
      .selectFrom('refresh_tokens')
      .selectAll()
      .where('hash', 'in', hashes.all(text))
      .executeTakeFirst()
    return row ?? null
  }

  /** A token that may be used again counts from its last use; nothing else changes. */
  async function keep({ text, grant }: FoundRefreshToken): Promise<boolean> {
    const kept = await database.write((write) =>
      write.query
        .updateTable('refresh_tokens')
        .set({ expires_at: expiryIn(grant) })
        .where('hash', 'in', hashes.all(text))
        .where('used_at', 'is', null)
        .where('expires_at', '>', clock.now())
        .returning('hash')
        .executeTakeFirst(),
    )
    return kept !== undefined
  }

  /** @returns whether this call was the one that used it up */
  function rotate(
    { text, grant }: FoundRefreshToken,
    successor: RefreshToken,
    replay: string,
  ): Promise<boolean> {
    return database.write(async (write) => {
      const used = await write.query
        .updateTable('refresh_tokens')
        .set({ used_at: clock.now(), successor_hash: hashes.hash(successor), replay })
        .where('hash', 'in', hashes.all(text))
        .where('used_at', 'is', null)
        .where('expires_at', '>', clock.now())
        .returning('hash')
        .executeTakeFirst()
      if (!used) return false
      await insert(write, successor, grant)
      // Its client has heard the answer in which this token came: nobody may ask for that one again.
      await write.query
        .updateTable('refresh_tokens')
        .set({ replay: null })
        .where('grant_id', '=', grant.id)
        .where('successor_hash', '=', used.hash)
        .execute()
      return true
    })
  }

  /** What becomes of a call with a token that was used up before. */
  async function judgeReuse(
    actor: Actor,
    { text, grant }: FoundRefreshToken,
    context: string,
  ): Promise<RefreshOutcome> {
    const row = await findRow(text)
    if (!row || row.used_at === null) return { kind: 'ended' }
    if (clock.now() >= row.used_at + GRACE_MILLISECONDS) {
      // RFC 9700 §4.14.2: two hold the token, and nobody can tell which of them is the client.
      await grants.revoke(actor, grant.id, 'refresh token reused')
      return { kind: 'reused' }
    }
    const answer = row.replay === null ? null : openReplay(text, context, row.replay)
    return answer === null ? { kind: 'superseded' } : { kind: 'refreshed', answer }
  }

  return {
    async issue(grant, jkt) {
      const text = create()
      await database.write(async (write) => {
        await insert(write, text, grant)
        if (jkt === null || grant.dpopJkt !== null) return
        await write.query
          .updateTable('grants')
          .set({ dpop_jkt: jkt })
          .where('id', '=', grant.id)
          .where('dpop_jkt', 'is', null)
          .execute()
        write.announce('grant', grant.id)
      })
      return text
    },

    async find(text) {
      if (!SHAPE.test(text)) return null
      const row = await findRow(text)
      const grant = row && (await grants.find(row.grant_id))
      if (!row || !grant) return null
      const ended = grant.revoked || grant.expiresAt <= clock.now() || row.expires_at <= clock.now()
      return {
        text: text as RefreshToken,
        clientId: row.client_id,
        grant,
        expiresAt: row.expires_at,
        ended,
        usable: !ended && row.used_at === null,
      }
    },

    async use(actor, found, mode, context, issue) {
      const { text } = found
      const row = await findRow(text)
      if (!row) return { kind: 'ended' }
      if (row.used_at !== null) return judgeReuse(actor, found, context)
      if (mode === 'keep') {
        const answer = issue(text)
        return (await keep(found)) ? { kind: 'refreshed', answer } : { kind: 'ended' }
      }
      const successor = create()
      const answer = issue(successor)
      const replay = sealReplay(text, context, answer, random)
      return (await rotate(found, successor, replay))
        ? { kind: 'refreshed', answer }
        : judgeReuse(actor, found, context)
    },

    async prune() {
      await database.write(async (write) => {
        await write.query
          .deleteFrom('refresh_tokens')
          .where('expires_at', '<', clock.now())
          .execute()
      })
    },
  }
}
