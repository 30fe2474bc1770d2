import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { createTicketHashes } from '../accounts/ticket-hashes.ts'

/**
 * Authorization requests that clients push before they send the browser (RFC 9126). The `request_uri`
 * is a ticket of 256 random bits: it may be opened again and again while it lives, as people reload
 * pages, until a code or a denial comes of it.
 */
export interface PushedRequests {
  /** @returns the `request_uri` */
  push(pushed: {
    clientId: string
    parameters: PushedParameters
    dpopJkt: string | null
  }): Promise<string>
  /** null: unknown, expired, used up or another client's. */
  find(requestUri: string, clientId: string): Promise<PushedRequest | null>
  /** Uses it up, with what comes of it. `used`: something has come of it before. */
  useIn(write: Write, hash: string): Promise<'used-up' | 'used'>
  prune(): Promise<void>
}

export interface PushedRequest {
  /** Names it in the stored interaction. */
  hash: string
  parameters: PushedParameters
  /** The thumbprint of the key that the push was made with (RFC 9449 §10.1). */
  dpopJkt: string | null
}

/** Name and value, in their order; without the client's credentials. */
export type PushedParameters = readonly (readonly [string, string])[]

const PREFIX = 'urn:ietf:params:oauth:request_uri:'

export const PUSHED_LIFETIME_SECONDS = 60

const FORGOTTEN = '[]'

/** Longer than an interaction that was begun with it can live. */
const REMEMBERED_MILLISECONDS = 3_600_000

/** Whether it has the form of ours (RFC 9126 §2.2). */
export function isPushedRequestUri(requestUri: string): boolean {
  return requestUri.startsWith(PREFIX)
}

export function createPushedRequests(options: {
  database: Database
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): PushedRequests {
  const { database, masterKey, clock, random } = options
  const hashes = createTicketHashes(masterKey, 'pushed-request')

  return {
    async push({ clientId, parameters, dpopJkt }) {
      const requestUri = `${PREFIX}${randomBase62(43, random)}`
      await database.write(async (write) => {
        await write.query
          .insertInto('pushed_requests')
          .values({
            hash: hashes.hash(requestUri),
            client_id: clientId,
            parameters: JSON.stringify(parameters),
            dpop_jkt: dpopJkt,
            expires_at: clock.now() + PUSHED_LIFETIME_SECONDS * 1_000,
            used_at: null,
          })
          .execute()
      })
      return requestUri
    },

    async find(requestUri, clientId) {
      const row = await database.query
        .selectFrom('pushed_requests')
        .selectAll()
        .where('hash', 'in', hashes.all(requestUri))
        .where('client_id', '=', clientId)
        .where('expires_at', '>', clock.now())
        .where('used_at', 'is', null)
        .executeTakeFirst()
      if (!row) return null
      const parameters = JSON.parse(row.parameters) as PushedParameters
      return { hash: row.hash, parameters, dpopJkt: row.dpop_jkt }
    },

    async useIn(write, hash) {
      const used = await write.query
        .updateTable('pushed_requests')
        .set({ used_at: clock.now() })
        .where('hash', '=', hash)
        .where('used_at', 'is', null)
        .returning('hash')
        .executeTakeFirst()
      return used ? 'used-up' : 'used'
    },

    async prune() {
      await database.write(async (write) => {
        // Of those that nobody can open any more, the hash is enough, and the rest may be long.
        await write.query
          .updateTable('pushed_requests')
          .set({ parameters: FORGOTTEN })
          .where('expires_at', '<', clock.now())
          .where('parameters', '!=', FORGOTTEN)
          .execute()
        await write.query
          .deleteFrom('pushed_requests')
          .where('expires_at', '<', clock.now() - REMEMBERED_MILLISECONDS)
          .execute()
      })
    },
  }
}
