import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { createTicketHashes } from './ticket-hashes.ts'

/**
 * What was begun and must be answered by the same browser: a sign-up, a second factor after a password,
 * a passkey, a sign-in at another provider.
 */
export interface Challenges {
  /** @param browser the browser's cookie @returns the text that the answer names it by */
  create(
    kind: ChallengeKind,
    browser: string,
    accountId: string | null,
    body: object,
    lifetimeMilliseconds: number,
  ): Promise<string>
  /** Uses it up: of several calls at once, one gets it. null: unknown, expired, or another browser's. */
  take(text: string, kind: ChallengeKind, browser: string): Promise<Challenge | null>
  /** Leaves it, for an answer that may be tried again. */
  peek(text: string, kind: ChallengeKind, browser: string): Promise<Challenge | null>
  prune(): Promise<void>
}

/** One name for each use, so that none can be answered in the place of another. */
export type ChallengeKind =
  | 'sign-up'
  | 'second-factor'
  | 'passkey-registration'
  | 'passkey-authentication'
  | 'upstream'

export interface Challenge {
  accountId: string | null
  body: object
}

const TEXT = /^mgch_[0-9A-Za-z]{43}$/

export function createChallenges(options: {
  database: Database
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): Challenges {
  const { database, masterKey, clock, random } = options
  const hashes = createTicketHashes(masterKey, 'challenge')
  const browsers = createTicketHashes(masterKey, 'challenge-browser')
  const toChallenge = (row: { account_id: string | null; body: string } | undefined) =>
    row ? { accountId: row.account_id, body: JSON.parse(row.body) as object } : null

  return {
    async create(kind, browser, accountId, body, lifetimeMilliseconds) {
      const text = `mgch_${randomBase62(43, random)}`
      const row = {
        hash: hashes.hash(text),
        kind,
        browser_hash: browsers.hash(browser),
        account_id: accountId,
        body: JSON.stringify(body),
        expires_at: clock.now() + lifetimeMilliseconds,
      }
      await database.write(async (write) => {
        await write.query.insertInto('challenges').values(row).execute()
      })
      return text
    },

    async take(text, kind, browser) {
      if (!TEXT.test(text)) return null
      const row = await database.write((write) =>
        write.query
          .deleteFrom('challenges')
          .where('hash', 'in', hashes.all(text))
          .where('kind', '=', kind)
          // Another browser's attempt leaves it to the one it belongs to.
          .where('browser_hash', 'in', browsers.all(browser))
          .where('expires_at', '>', clock.now())
          .returning(['account_id', 'body'])
          .executeTakeFirst(),
      )
      return toChallenge(row)
    },

    async peek(text, kind, browser) {
      if (!TEXT.test(text)) return null
      const row = await database.query
        .selectFrom('challenges')
        .select(['account_id', 'body'])
        .where('hash', 'in', hashes.all(text))
        .where('kind', '=', kind)
        .where('browser_hash', 'in', browsers.all(browser))
        .where('expires_at', '>', clock.now())
        .executeTakeFirst()
      return toChallenge(row)
    },

    async prune() {
      await database.write(async (write) => {
        await write.query.deleteFrom('challenges').where('expires_at', '<=', clock.now()).execute()
      })
    },
  }
}
