import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { createTicketHashes } from '../accounts/ticket-hashes.ts'
import type { Interactions } from './interaction.ts'
import { toInteraction } from './interaction-rows.ts'

/** How long a person may take to sign in and decide. */
const LIFETIME_MILLISECONDS = 30 * 60_000

const ID = /^[0-9A-Za-z]{22}$/

/**
 * The store of interactions; what they are is told in `interaction.ts`, what comes next of one in
 * `next-step.ts`. Every call names the browser, and what is another's is as good as not there.
 */
export function createInteractions(options: {
  database: Database
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): Interactions {
  const { database, masterKey, clock, random } = options
  const browsers = createTicketHashes(masterKey, 'interaction-browser')

  /** One that goes on, of this browser. */
  const own = (query: Pick<Database['query'], 'selectFrom'>, id: string, browser: string) =>
    query
      .selectFrom('interactions')
      .where('id', '=', id)
      .where('browser_hash', 'in', browsers.all(browser))
      .where('finished_at', 'is', null)
      .where('expires_at', '>', clock.now())

  const updateOwn = (write: Write, id: string, browser: string) =>
    write.query
      .updateTable('interactions')
      .where('id', '=', id)
      .where('browser_hash', 'in', browsers.all(browser))
      .where('finished_at', 'is', null)
      .where('expires_at', '>', clock.now())

  const interactions: Interactions = {
    async begin({ browser, request, resumePath }) {
      const now = clock.now()
      const row = {
        id: randomBase62(22, random),
        browser_hash: browsers.hash(browser),
        client_id: request.clientId,
        request: JSON.stringify(request),
        resume_path: resumePath,
        session_id: null,
        account_id: null,
        decision: null,
        finished_at: null,
        created_at: now,
        expires_at: now + LIFETIME_MILLISECONDS,
      }
      await database.write(async (write) => {
        await write.query.insertInto('interactions').values(row).execute()
      })
      return toInteraction(row)
    },

    async find(id, browser) {
      // It comes from a URL, and Postgres takes no NUL in a text.
      if (!ID.test(id)) return null
      const row = await own(database.query, id, browser).selectAll().executeTakeFirst()
      return row ? toInteraction(row) : null
    },

    take: (id, browser, session) =>
      database.write(async (write) => {
        const taken = await updateOwn(write, id, browser)
          .set({ session_id: session.id, account_id: session.accountId })
          .where((where) =>
            where.or([
              where('account_id', 'is', null),
              where('account_id', '=', session.accountId),
            ]),
          )
          .returning('id')
          .executeTakeFirst()
        if (taken) return 'taken-up'
        const others = await own(write.query, id, browser).select('id').executeTakeFirst()
        return others ? 'taken' : 'unknown'
      }),

    decide: (id, browser, sessionId, decision) =>
      database.write(async (write) => {
        const decided = await updateOwn(write, id, browser)
          .set({ decision })
          .where('session_id', '=', sessionId)
          // A form that was sent twice says nothing new; one that says otherwise comes too late.
          .where((where) =>
            where.or([where('decision', 'is', null), where('decision', '=', decision)]),
          )
          .returning('id')
          .executeTakeFirst()
        return decided ? 'decided' : 'unknown'
      }),

    finish: (id, browser) => database.write((write) => interactions.finishIn(write, id, browser)),

    async finishIn(write, id, browser) {
      const row = await updateOwn(write, id, browser)
        .set({ finished_at: clock.now() })
        .returningAll()
        .executeTakeFirst()
      return row ? toInteraction(row) : null
    },

    async prune() {
      await database.write(async (write) => {
        await write.query.deleteFrom('interactions').where('expires_at', '<', clock.now()).execute()
      })
    },
  }
  return interactions
}
