import { createHash } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { createBoundedQueue } from '../../lib/bounded-queue.ts'
import type { RandomBytes } from '../../lib/random.ts'
import { createAttempts } from '../attempts/attempts.ts'
import type { Audit } from '../audit/audit.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Account } from './account.ts'
import { type AccountRow, toAccount } from './account-rows.ts'
import { emailKey } from './email.ts'
import { countFailure, forgetFailures } from './failure-ceiling.ts'
import { createPasswordHashes } from './password-hash.ts'
import { isTooLong, judgePassword } from './password-rules.ts'

export interface Passwords {
  /**
   * Whether it may become somebody's password (NIST SP 800-63B-4 §3.1.1.2): at least 15 characters, or
   * 8 beside a second factor; none that is common or the person's own name.
   */
  judge(
    password: string,
    about: { secondFactor: boolean; email?: string; name?: string },
  ): PasswordJudgement
  /** @throws UnavailableError when too many wait */
  hash(password: string): Promise<string>
  /**
   * Takes the same time whether the account exists, has a password, is locked, or not. Counts
   * failures, for the account (100 in a row lock the password until it is reset, NIST SP 800-63B-4
   * §3.2.2), for the account from this network and for the network, and tells the audit log: a caller
   * has nothing left to count. `locked` and `unconfirmed` must look like `wrong`; `wait` says nothing
   * about the account. A suspended account is `wrong`.
   * @param address the network address it came from
   * @throws UnavailableError when too many wait
   */
  verify(email: string, password: string, address: string | null): Promise<VerifyPasswordOutcome>
}

export type PasswordJudgement =
  | { kind: 'good' }
  | { kind: 'too-short'; minimum: number }
  | { kind: 'too-long' }
  | { kind: 'common' }
  | { kind: 'personal' }

export type VerifyPasswordOutcome =
  | { kind: 'right'; account: Account }
  | { kind: 'wrong' }
  | { kind: 'locked' }
  /**
   * Right, but nobody has confirmed the e-mail: whoever signed up may not be who reads that mailbox. To
   * say so would tell who signs up with somebody's address whether it was known.
   */
  | { kind: 'unconfirmed'; account: Account }
  /** Too many failures from this network: nothing was tried. 429 with `Retry-After`. */
  | { kind: 'wait'; seconds: number }

/** Of failed sign-ins from one network, in five minutes. */
const FAILURES_PER_ACCOUNT = 10
const FAILURES_PER_NETWORK = 100

/** Each takes 19 MiB and a thread of four that Node has for such work. */
const AT_ONCE = 2
const WAITING = 60

/** Characters; no account has a longer one. */
const MAXIMUM_EMAIL = 1_000

export function createPasswords(options: {
  database: Database
  audit: Audit
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): Passwords {
  const { database, audit } = options
  const hashes = createPasswordHashes(options.masterKey, options.random)
  const inTurn = createBoundedQueue({ atOnce: AT_ONCE, waiting: WAITING })
  const attempts = createAttempts({
    clock: options.clock,
    perKeyAndNetwork: FAILURES_PER_ACCOUNT,
    perNetwork: FAILURES_PER_NETWORK,
  })

  async function find(email: string): Promise<AccountRow | null> {
    const row = await database.query
      .selectFrom('accounts')
      .selectAll()
      .where('email_key', '=', emailKey(email))
      .executeTakeFirst()
    return row ?? null
  }

  /** A failure is counted before the attempt and forgotten after a right one: none slips through. */
  async function isRight(row: AccountRow | null, password: string) {
    const stored = row?.password_hash ?? null
    const [matches, counted] = await Promise.all([
      hashes.matches(password, stored),
      // Beside the hash, which takes longer: the time does not tell that something was counted.
      row && stored !== null ? countFailure(database, 'password_failures', row.id) : false,
    ])
    return { matches, counted }
  }

  async function succeed(row: AccountRow, password: string): Promise<void> {
    await forgetFailures(database, 'password_failures', row.id)
    const stored = row.password_hash!
    if (!hashes.isOutdated(stored)) return
    const newest = await hashes.hash(password)
    await database.write(async (write) => {
      await write.query
        .updateTable('accounts')
        .set({ password_hash: newest })
        .where('id', '=', row.id)
        // It may have been changed meanwhile.
        .where('password_hash', '=', stored)
        .execute()
    })
  }

  return {
    judge: judgePassword,
    hash: (password) => inTurn(() => hashes.hash(password)),

    async verify(given, password, address) {
      const email = given.slice(0, MAXIMUM_EMAIL)
      const key = createHash('sha256').update(emailKey(email)).digest('base64url')
      const waitSeconds = () => (address === null ? 0 : attempts.waitSeconds(key, address))
      if (waitSeconds() > 0) return { kind: 'wait', seconds: waitSeconds() }
      return inTurn(async () => {
        // Others of the same burst may have failed while this one waited for its turn.
        const seconds = waitSeconds()
        if (seconds > 0) return { kind: 'wait', seconds }
        const row = await find(email)
        const { matches, counted } = await isRight(row, isTooLong(password) ? '' : password)
        const right = row !== null && matches && counted && row.suspended_at === null
        if (right && row.email_confirmed_at !== null) {
          await succeed(row, password)
          return { kind: 'right', account: toAccount(row) }
        }
        const locked = row !== null && row.password_hash !== null && !counted
        if (address !== null) attempts.countFailure(key, address)
        audit.countFailure({
          action: 'authentication',
          clientId: null,
          // What was typed is not told: it may be the password.
          accountId: row?.id ?? '',
          reason: right ? 'unconfirmed' : reasonOf(row, locked),
          address,
        })
        if (right) return { kind: 'unconfirmed', account: toAccount(row) }
        return { kind: locked ? 'locked' : 'wrong' }
      })
    },
  }
}

function reasonOf(row: AccountRow | null, locked: boolean): string {
  if (!row) return 'unknown-email'
  if (row.password_hash === null) return 'no-password'
  if (row.suspended_at !== null) return 'suspended'
  return locked ? 'locked' : 'wrong-password'
}
