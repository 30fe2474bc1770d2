import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { Account } from './account.ts'
import { lockAccount, toAccount } from './account-rows.ts'
import type { Challenges } from './challenges.ts'
import { forgetFailures } from './failure-ceiling.ts'
import { createPasskeyProofs, isResponse, LIFETIME_MILLISECONDS } from './passkey-proofs.ts'
import { type PasskeyRow, toPasskey } from './passkey-rows.ts'
import { removeIdleRecoveryCodes } from './recovery-codes.ts'

/** Passkeys (WebAuthn): for signing in without a password, and as a second factor. */
export interface Passkeys {
  /** Oldest first. */
  list(accountId: string): Promise<Passkey[]>
  /** @param browser the browser's cookie, to which the challenge is bound */
  beginRegistration(
    account: Account,
    browser: string,
  ): Promise<{ options: object; challenge: string }>
  /** @param response what `navigator.credentials.create` gave, as JSON */
  finishRegistration(
    actor: Actor,
    account: Account,
    browser: string,
    challenge: string,
    response: unknown,
    name: string,
  ): Promise<{ kind: 'registered'; passkey: Passkey } | { kind: 'refused' }>
  /** @param accountId null: a sign-in without e-mail and password, with a discoverable passkey */
  beginAuthentication(
    browser: string,
    accountId: string | null,
  ): Promise<{ options: object; challenge: string }>
  /**
   * @param response what `navigator.credentials.get` gave, as JSON
   * @returns `right` only for the account that the challenge was begun for, and not a suspended one.
   *   `userVerified`: the device asked for PIN or biometrics, so the passkey alone is two factors; a
   *   sign-in without password always asks for that
   */
  finishAuthentication(
    browser: string,
    challenge: string,
    response: unknown,
  ): Promise<{ kind: 'right'; account: Account; userVerified: boolean } | { kind: 'wrong' }>
  rename(actor: Actor, accountId: string, id: string, name: string): Promise<'renamed' | 'unknown'>
  /** The last one goes with the recovery codes, unless an authenticator app still needs them. */
  remove(actor: Actor, accountId: string, id: string): Promise<'removed' | 'unknown'>
}

export interface Passkey {
  /** The credential id, base64url. */
  id: string
  name: string
  createdAt: number
  lastUsedAt: number | null
}

/** Of one account. */
const MAXIMUM_PASSKEYS = 20
const MAXIMUM_NAME = 100

/** What a challenge keeps. */
interface Asked {
  /** The WebAuthn challenge, base64url. */
  challenge: string
}

export function createPasskeys(options: {
  database: Database
  audit: Audit
  challenges: Challenges
  clock: Clock
  random: RandomBytes
  /** The relying party: its host is the id to which passkeys are bound. */
  publicUrl: string
  /** What browsers show. */
  name: string
}): Passkeys {
  const { database, audit, challenges, clock } = options
  const proofs = createPasskeyProofs(options)

  function recorded(write: Write, actor: Actor, action: string, row: PasskeyRow): void {
    write.announce('account', row.account_id)
    audit.record(write, actor, {
      action,
      object: { kind: 'account', id: row.account_id },
      customerId: null,
      details: { passkey: row.name },
    })
  }

  const rowsOf = (accountId: string) =>
    database.query
      .selectFrom('passkeys')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('created_at')
      .orderBy('id')
      .execute()

  const findIn = (query: Pick<Database['query'], 'selectFrom'>, id: string) =>
    query.selectFrom('passkeys').selectAll().where('id', '=', id).executeTakeFirst()

  return {
    list: async (accountId) => (await rowsOf(accountId)).map(toPasskey),

    async beginRegistration(account, browser) {
      const created = await proofs.askRegistration(account, await rowsOf(account.id))
      const asked: Asked = { challenge: created.challenge }
      const challenge = await challenges.create(
        'passkey-registration',
        browser,
        account.id,
        asked,
        LIFETIME_MILLISECONDS,
      )
      return { options: created, challenge }
    },

    async finishRegistration(actor, account, browser, challenge, response, name) {
      const taken = await challenges.take(challenge, 'passkey-registration', browser)
      if (!taken || taken.accountId !== account.id || !isResponse(response)) {
        return { kind: 'refused' }
      }
      const asked = taken.body as Asked
      const info = await proofs.judgeRegistration(response, asked.challenge)
      if (!info) return { kind: 'refused' }
      const row: PasskeyRow = {
        id: info.credential.id,
        account_id: account.id,
        public_key: Buffer.from(info.credential.publicKey).toString('base64url'),
        counter: info.credential.counter,
        transports: (info.credential.transports ?? []).join(' '),
        name: name.trim().slice(0, MAXIMUM_NAME) || 'Passkey',
        created_at: clock.now(),
        last_used_at: null,
      }
      return database.write(async (write) => {
        if (!(await lockAccount(write, account.id))) return { kind: 'refused' }
        const { count } = await write.query
          .selectFrom('passkeys')
          .select(({ fn }) => fn.countAll<number | string>().as('count'))
          .where('account_id', '=', account.id)
          .executeTakeFirstOrThrow()
        if (Number(count) >= MAXIMUM_PASSKEYS) return { kind: 'refused' }
        const inserted = await write.query
          .insertInto('passkeys')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returning('id')
          .executeTakeFirst()
        if (!inserted) return { kind: 'refused' }
        recorded(write, actor, 'passkey.add', row)
        return { kind: 'registered', passkey: toPasskey(row) }
      })
    },

    async beginAuthentication(browser, accountId) {
      const known = accountId === null ? null : await rowsOf(accountId)
      const created = await proofs.askAuthentication(known)
      const asked: Asked = { challenge: created.challenge }
      const challenge = await challenges.create(
        'passkey-authentication',
        browser,
        accountId,
        asked,
        LIFETIME_MILLISECONDS,
      )
      return { options: created, challenge }
    },

    async finishAuthentication(browser, challenge, response) {
      const taken = await challenges.take(challenge, 'passkey-authentication', browser)
      if (!taken || !isResponse(response)) return { kind: 'wrong' }
      const credential = await findIn(database.query, response.id)
      const alone = taken.accountId === null
      if (!credential || (!alone && credential.account_id !== taken.accountId)) {
        return { kind: 'wrong' }
      }
      const asked = taken.body as Asked
      const info = await proofs.judgeAuthentication(credential, response, asked.challenge, alone)
      if (!info) return { kind: 'wrong' }
      const account = await database.write(async (write) => {
        const row = await lockAccount(write, credential.account_id)
        if (!row || row.suspended_at !== null) return null
        const used = await write.query
          .updateTable('passkeys')
          .set({ counter: info.newCounter, last_used_at: clock.now() })
          .where('id', '=', credential.id)
          // Neither removed nor, as a copy would, used elsewhere since it was read.
          .where('counter', '=', credential.counter)
          .returning('id')
          .executeTakeFirst()
        return used ? toAccount(row) : null
      })
      if (!account) return { kind: 'wrong' }
      // As a second factor it completes a sign-in whose password was right.
      if (!alone) await forgetFailures(database, 'second_factor_failures', account.id)
      return { kind: 'right', account, userVerified: info.userVerified }
    },

    rename: (actor, accountId, id, name) =>
      database.write(async (write) => {
        const renamed = await write.query
          .updateTable('passkeys')
          .set({ name: name.trim().slice(0, MAXIMUM_NAME) || 'Passkey' })
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .returningAll()
          .executeTakeFirst()
        if (!renamed) return 'unknown'
        recorded(write, actor, 'passkey.rename', renamed)
        return 'renamed'
      }),

    remove: (actor, accountId, id) =>
      database.write(async (write) => {
        await lockAccount(write, accountId)
        const removed = await write.query
          .deleteFrom('passkeys')
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .returningAll()
          .executeTakeFirst()
        if (!removed) return 'unknown'
        await removeIdleRecoveryCodes(write, accountId)
        recorded(write, actor, 'passkey.remove', removed)
        return 'removed'
      }),
  }
}
