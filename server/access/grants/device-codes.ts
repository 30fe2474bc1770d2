import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import type { Session } from '../accounts/session.ts'
import { createTicketHashes } from '../accounts/ticket-hashes.ts'
import type { Actor } from '../audit/actor.ts'
import type { AuthorizationRequest } from '../interactions/interaction.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Grant } from './grant.ts'
import { grantOfRequest } from './grant-of-request.ts'
import type { Grants } from './grants.ts'
import { randomUserCode } from './user-code.ts'

/**
 * Device authorization (RFC 8628): a device code of 256 random bits that a device polls with, and a
 * short user code that a person enters elsewhere. The person's yes makes a grant; the device code is
 * redeemed once.
 */
export interface DeviceCodes {
  begin(begun: {
    request: AuthorizationRequest
    /** Binds the device code to the key that was proven; null: none was. */
    dpopJkt: string | null
  }): Promise<BegunDevice>
  /**
   * What a code asks for, as long as nobody answered.
   * @param userCode as `parseUserCode` gives it
   * @returns the request, with `deviceCode`: what names the device's request in `approveIn` and `denyIn`
   */
  findByUserCode(userCode: string): Promise<AuthorizationRequest | null>
  /** With its grant. `unknown`: expired, or somebody answered already. */
  approveIn(
    write: Write,
    actor: Actor,
    request: AuthorizationRequest,
    session: Session,
  ): Promise<'approved' | 'unknown'>
  denyIn(write: Write, request: AuthorizationRequest): Promise<'denied' | 'unknown'>
  /**
   * What a polling device gets; of several calls at once, one gets the grant. What `requireFit` throws
   * undoes the use.
   */
  poll(deviceCode: string, by: Poll): Promise<PollOutcome>
  prune(): Promise<void>
}

export interface Poll {
  clientId: string
  issuer: string
  /** The thumbprint of the key that was proven; null: none was. */
  jkt: string | null
  /** Throws when the request asks for what the grant has not: nothing was issued, so nothing is used. */
  requireFit?: (grant: Grant) => unknown
}

export interface BegunDevice {
  deviceCode: DeviceCode
  userCode: string
  expiresInSeconds: number
  intervalSeconds: number
}

export type DeviceCode = `mgv_${string}`

/** RFC 8628 §3.5 */
export type PollOutcome =
  | { kind: 'redeemed'; grant: Grant }
  | { kind: 'pending' }
  /** It must wait five seconds longer between two calls from now on. */
  | { kind: 'slow-down' }
  | { kind: 'denied' }
  | { kind: 'expired' }
  | { kind: 'refused'; reason: string }

type DeviceCodeRow = Selectable<Tables['device_codes']>

const PREFIX = 'mgv_'
const SHAPE = /^mgv_[0-9A-Za-z]{43}$/

/** RFC 8628 §6.1: user codes are short, so they live shortly. */
const LIFETIME_SECONDS = 600
const INTERVAL_SECONDS = 5

/** How long a device may still hear that its code has expired or is used. */
const REMEMBERED_MILLISECONDS = 3_600_000

export function createDeviceCodes(options: {
  database: Database
  grants: Pick<Grants, 'createIn' | 'findIn'>
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): DeviceCodes {
  const { database, grants, clock, random } = options
  const hashes = createTicketHashes(options.masterKey, 'device-code')

  /** @returns false when another device has the user code */
  async function insert(
    write: Write,
    row: Pick<DeviceCodeRow, 'hash' | 'user_code' | 'client_id' | 'request' | 'dpop_jkt'>,
  ): Promise<boolean> {
    const inserted = await write.query
      .insertInto('device_codes')
      .values({
        ...row,
        status: 'waiting',
        grant_id: null,
        interval_seconds: INTERVAL_SECONDS,
        last_polled_at: null,
        created_at: clock.now(),
        expires_at: clock.now() + LIFETIME_SECONDS * 1_000,
      })
      .onConflict((conflict) => conflict.column('user_code').doNothing())
      .returning('hash')
      .executeTakeFirst()
    return inserted !== undefined
  }

  const answer = (write: Write, { deviceCode }: AuthorizationRequest, status: string) =>
    write.query
      .updateTable('device_codes')
      .set({ status })
      .where('hash', '=', deviceCode ?? '')
      .where('status', '=', 'waiting')
      .where('expires_at', '>', clock.now())
      .returning('hash')
      .executeTakeFirst()

  /** Nobody answered yet: how soon may it ask again? */
  async function wait(write: Write, row: DeviceCodeRow): Promise<PollOutcome> {
    const now = clock.now()
    const early =
      row.last_polled_at !== null && now - row.last_polled_at < row.interval_seconds * 1_000
    await write.query
      .updateTable('device_codes')
      .set({
        last_polled_at: now,
        // RFC 8628 §3.5
        interval_seconds: row.interval_seconds + (early ? 5 : 0),
      })
      .where('hash', '=', row.hash)
      .execute()
    return { kind: early ? 'slow-down' : 'pending' }
  }

  async function redeem(
    write: Write,
    row: DeviceCodeRow,
    { issuer, requireFit }: Poll,
  ): Promise<PollOutcome> {
    const grant = await grants.findIn(write, row.grant_id!)
    if (!grant || grant.revoked) return refused('grant_revoked')
    if (grant.issuer !== issuer) return refused('device_code_of_other_issuer')
    const redeemed = await write.query
      .updateTable('device_codes')
      .set({ status: 'redeemed' })
      .where('hash', '=', row.hash)
      .where('status', '=', 'approved')
      .returning('hash')
      .executeTakeFirst()
    if (!redeemed) return refused('device_code_used')
    requireFit?.(grant)
    return { kind: 'redeemed', grant }
  }

  return {
    async begin({ request, dpopJkt }) {
      const deviceCode: DeviceCode = `${PREFIX}${randomBase62(43, random)}`
      for (;;) {
        const userCode = randomUserCode(random)
        const row = {
          hash: hashes.hash(deviceCode),
          user_code: userCode,
          client_id: request.clientId,
          request: JSON.stringify(request),
          dpop_jkt: dpopJkt,
        }
        if (await database.write((write) => insert(write, row))) {
          return {
            deviceCode,
            userCode,
            expiresInSeconds: LIFETIME_SECONDS,
            intervalSeconds: INTERVAL_SECONDS,
          }
        }
      }
    },

    async findByUserCode(userCode) {
      const row = await database.query
        .selectFrom('device_codes')
        .selectAll()
        .where('user_code', '=', userCode)
        .where('status', '=', 'waiting')
        .where('expires_at', '>', clock.now())
        .executeTakeFirst()
      if (!row) return null
      return { ...(JSON.parse(row.request) as AuthorizationRequest), deviceCode: row.hash }
    },

    async approveIn(write, actor, request, session) {
      const answered = await answer(write, request, 'approved')
      if (!answered) return 'unknown'
      const grant = await grants.createIn(write, actor, grantOfRequest(request, session))
      await write.query
        .updateTable('device_codes')
        .set({ grant_id: grant.id })
        .where('hash', '=', answered.hash)
        .execute()
      return 'approved'
    },

    async denyIn(write, request) {
      return (await answer(write, request, 'denied')) ? 'denied' : 'unknown'
    },

    async poll(deviceCode, by) {
      const { clientId, jkt } = by
      if (!SHAPE.test(deviceCode)) return refused('device_code_unknown')
      return database.write(async (write) => {
        const row = await write.query
          .selectFrom('device_codes')
          .selectAll()
          .where('hash', 'in', hashes.all(deviceCode))
          .executeTakeFirst()
        if (!row) return refused('device_code_unknown')
        if (row.client_id !== clientId) return refused('device_code_of_other_client')
        if (row.dpop_jkt !== null && row.dpop_jkt !== jkt) return refused('dpop_key_differs')
        if (row.status === 'redeemed') return refused('device_code_used')
        if (row.expires_at <= clock.now()) return { kind: 'expired' }
        if (row.status === 'denied') return { kind: 'denied' }
        return row.status === 'approved' ? redeem(write, row, by) : wait(write, row)
      })
    },

    async prune() {
      await database.write(async (write) => {
        await write.query
          .deleteFrom('device_codes')
          .where('expires_at', '<', clock.now() - REMEMBERED_MILLISECONDS)
          .execute()
      })
    },
  }
}

const refused = (reason: string): PollOutcome => ({ kind: 'refused', reason })
