import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import { createAttempts } from '../attempts/attempts.ts'
import type { Actor } from '../audit/actor.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { Audit } from '../audit/audit.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Account } from './account.ts'
import { type AccountRow, lockAccount, toAccount } from './account-rows.ts'
import { createAccountSecrets } from './account-secrets.ts'
import type { ChallengeKind } from './challenges.ts'
import { countFailure, forgetFailures } from './failure-ceiling.ts'
import {
  createRecoveryCodes,
  isRecoverable,
  parseRecoveryCode,
  removeIdleRecoveryCodes,
  replaceRecoveryCodes,
  spendRecoveryCode,
} from './recovery-codes.ts'
import { needsSecondFactor } from './second-factor-rule.ts'
import { endSessions } from './session-rows.ts'
import { createTicketHashes } from './ticket-hashes.ts'
import { createTotpSecret, stepOfCode, totpUri } from './totp.ts'

export interface SecondFactors {
  /** Whether a password is not enough (`second-factor-rule.ts`). */
  areNeeded(account: Account): Promise<boolean>
  /**
   * A new secret, not in use until it is confirmed. null: there is no such account, or it has one in
   * use already (`removeTotp` ends that).
   */
  beginTotp(accountId: string): Promise<{
    /** base32 */
    secret: string
    /** otpauth: */
    uri: string
  } | null>
  confirmTotp(
    actor: Actor,
    accountId: string,
    code: string,
  ): Promise<{ kind: 'confirmed'; recoveryCodes: string[] } | { kind: 'wrong' }>
  /**
   * RFC 6238 §5.2: each time step once, one step early or late allowed. Ten failures within five
   * minutes, with whatever code, refuse even right ones until those are over; 100 in a row refuse all
   * one-time codes until a recovery code or a passkey was right (`failure-ceiling.ts`).
   */
  verifyTotp(accountId: string, code: string): Promise<boolean>
  /**
   * Of several calls at once, one succeeds. Failures slow down as those of `verifyTotp`, and have no
   * ceiling: 80 random bits are not guessed, and whoever locks a person’s app must not lock them out of
   * everything.
   */
  useRecoveryCode(actor: Actor, accountId: string, code: string): Promise<boolean>
  /**
   * Ten new ones; the ones before are dead. With the first ones of an account that has passkeys, those
   * are a second factor from then on.
   * @returns null: the account has neither passkeys nor an authenticator app in use
   */
  newRecoveryCodes(actor: Actor, accountId: string): Promise<string[] | null>
  recoveryCodesLeft(accountId: string): Promise<number>
  /** With its recovery codes, unless there are passkeys, which are the second factor from then on. */
  removeTotp(actor: Actor, accountId: string): Promise<void>
  /**
   * For a person who has none of them any more: removes the authenticator app, the recovery codes and the
   * passkeys, forgets failures, and ends all sessions and sign-ins under way. The password stays, and what
   * the person let clients do.
   * @returns null: no second factor is needed (passkeys without recovery codes are none), so nothing
   *   was changed
   */
  reset(actor: Actor, accountId: string): Promise<RemovedFactors | null>
}

export interface RemovedFactors {
  totp: boolean
  /** How many. */
  passkeys: number
  /** How many were not used yet. */
  recoveryCodes: number
}

/** In five minutes; the ceiling of `failure-ceiling.ts` is above it. */
const FAILURES_PER_ACCOUNT = 10

/** The one network that counts: what is guessed at is six digits, from wherever. */
const ANYWHERE = ''

export function createSecondFactors(options: {
  database: Database
  audit: Audit
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
  /** What authenticator apps show beside the code. */
  issuerName: string
}): SecondFactors {
  const { database, audit, masterKey, clock, random } = options
  const hashes = createTicketHashes(masterKey, 'recovery-code')
  const secrets = createAccountSecrets(masterKey, random)
  const attempts = createAttempts({
    clock,
    perKeyAndNetwork: FAILURES_PER_ACCOUNT,
    perNetwork: Infinity,
  })

  function recorded(
    write: Write,
    actor: Actor,
    action: string,
    id: string,
    details?: AuditEvent['details'],
  ): void {
    write.announce('account', id)
    audit.record(write, actor, {
      action,
      object: { kind: 'account', id },
      customerId: null,
      details,
    })
  }

  const find = (accountId: string): Promise<AccountRow | undefined> =>
    database.query.selectFrom('accounts').selectAll().where('id', '=', accountId).executeTakeFirst()

  function stepFor(row: AccountRow | undefined, code: string): number | null {
    if (!row || row.totp_secret === null) return null
    return stepOfCode(secrets.decrypt(row.id, row.totp_secret), code, clock.now())
  }

  /**
   * Runs an attempt, which is counted before it is made: of many at once, no more are judged than of
   * many in a row.
   * @param attempt of which one alone may succeed with the same code
   */
  async function attempted(accountId: string, reason: string, attempt: () => Promise<boolean>) {
    if (attempts.waitSeconds(accountId, ANYWHERE) > 0) return false
    attempts.countFailure(accountId, ANYWHERE)
    if (await attempt()) {
      attempts.takeBack(accountId, ANYWHERE)
      await forgetFailures(database, 'second_factor_failures', accountId)
      return true
    }
    const failure = { action: 'authentication', clientId: null, accountId, address: null } as const
    audit.countFailure({ ...failure, reason })
    return false
  }

  return {
    areNeeded: (account) => needsSecondFactor(database.query, account),

    async beginTotp(accountId) {
      const secret = createTotpSecret(random)
      const encrypted = secrets.encrypt(accountId, secret)
      const row = await database.write((write) =>
        write.query
          .updateTable('accounts')
          .set({ totp_secret: encrypted, totp_last_step: 0 })
          .where('id', '=', accountId)
          .where('totp_confirmed_at', 'is', null)
          .returning('email')
          .executeTakeFirst(),
      )
      if (!row) return null
      return { secret, uri: totpUri({ issuer: options.issuerName, label: row.email, secret }) }
    },

    async confirmTotp(actor, accountId, code) {
      const row = await find(accountId)
      const step = stepFor(row, code)
      if (!row || step === null) return { kind: 'wrong' }
      const recoveryCodes = createRecoveryCodes(random)
      const confirmed = await database.write(async (write) => {
        const updated = await write.query
          .updateTable('accounts')
          .set({ totp_confirmed_at: clock.now(), totp_last_step: step })
          .where('id', '=', accountId)
          .where('totp_secret', '=', row.totp_secret)
          .where('totp_confirmed_at', 'is', null)
          .returning('id')
          .executeTakeFirst()
        if (!updated) return false
        await replaceRecoveryCodes(write, accountId, recoveryCodes, hashes)
        recorded(write, actor, 'totp.add', accountId)
        return true
      })
      return confirmed ? { kind: 'confirmed', recoveryCodes } : { kind: 'wrong' }
    },

    verifyTotp: (accountId, code) =>
      attempted(accountId, 'wrong-totp', async () => {
        if (!(await countFailure(database, 'second_factor_failures', accountId))) return false
        const row = await find(accountId)
        const step = stepFor(row, code)
        if (!row || step === null || row.totp_confirmed_at === null) return false
        const accepted = await database.write((write) =>
          write.query
            .updateTable('accounts')
            .set({ totp_last_step: step })
            .where('id', '=', accountId)
            .where('totp_secret', '=', row.totp_secret)
            .where('totp_confirmed_at', 'is not', null)
            // RFC 6238 §5.2: a code opens once, and none before it does after it.
            .where('totp_last_step', '<', step)
            .returning('id')
            .executeTakeFirst(),
        )
        return accepted !== undefined
      }),

    useRecoveryCode: (actor, accountId, code) =>
      attempted(accountId, 'wrong-recovery-code', async () => {
        if (parseRecoveryCode(code) === null) return false
        return database.write(async (write) => {
          const now = clock.now()
          if (!(await spendRecoveryCode(write, accountId, code, { hashes, now }))) return false
          recorded(write, actor, 'recovery-code.use', accountId)
          return true
        })
      }),

    async newRecoveryCodes(actor, accountId) {
      const codes = createRecoveryCodes(random)
      return database.write(async (write) => {
        await lockAccount(write, accountId)
        const { recoverable } = await write.query
          .selectNoFrom(isRecoverable(accountId).as('recoverable'))
          .executeTakeFirstOrThrow()
        if (!recoverable) return null
        await replaceRecoveryCodes(write, accountId, codes, hashes)
        recorded(write, actor, 'recovery-code.replace', accountId)
        return codes
      })
    },

    async recoveryCodesLeft(accountId) {
      const rows = await database.query
        .selectFrom('recovery_codes')
        .select('hash')
        .where('account_id', '=', accountId)
        .where('used_at', 'is', null)
        .execute()
      return rows.length
    },

    removeTotp: (actor, accountId) =>
      database.write(async (write) => {
        const removed = await write.query
          .updateTable('accounts')
          .set({ totp_secret: null, totp_confirmed_at: null, totp_last_step: 0 })
          .where('id', '=', accountId)
          .where('totp_secret', 'is not', null)
          .returning('id')
          .executeTakeFirst()
        if (!removed) return
        await removeIdleRecoveryCodes(write, accountId)
        recorded(write, actor, 'totp.remove', accountId)
      }),

    reset: (actor, accountId) =>
      database.write(async (write) => {
        const row = await lockAccount(write, accountId)
        if (!row || !(await needsSecondFactor(write.query, toAccount(row)))) return null
        await write.query
          .updateTable('accounts')
          .set({
            totp_secret: null,
            totp_confirmed_at: null,
            totp_last_step: 0,
            second_factor_failures: 0,
          })
          .where('id', '=', accountId)
          .execute()
        const passkeys = await write.query
          .deleteFrom('passkeys')
          .where('account_id', '=', accountId)
          .returning('id')
          .execute()
        const codes = await write.query
          .deleteFrom('recovery_codes')
          .where('account_id', '=', accountId)
          .returning('used_at')
          .execute()
        await write.query
          .deleteFrom('challenges')
          .where('account_id', '=', accountId)
          .where('kind', '=', 'second-factor' satisfies ChallengeKind)
          .execute()
        const removed: RemovedFactors = {
          totp: row.totp_confirmed_at !== null,
          passkeys: passkeys.length,
          recoveryCodes: codes.filter(({ used_at: usedAt }) => usedAt === null).length,
        }
        const sessions = (await endSessions(write, accountId)).length
        recorded(write, actor, 'second-factors.reset', accountId, { ...removed, sessions })
        return removed
      }),
  }
}
