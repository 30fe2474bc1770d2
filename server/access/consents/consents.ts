import type { Selectable } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, uuidv7 } from '../../lib/random.ts'
import type { Areas } from '../areas/areas.ts'
import type { MapDataDetail } from '../areas/map-data-detail.ts'
import type { Audit } from '../audit/audit.ts'
import { lockClient } from '../clients/lock-client.ts'
import type { Grants } from '../grants/grants.ts'
import type { Consent, Consents } from './consent.ts'
import { mergeGranted } from './covers.ts'

type ConsentRow = Selectable<Tables['consents']>

/** The store of consents: one of each person for each client. What is in one is told in `consent.ts`. */
export function createConsents(options: {
  database: Database
  audit: Audit
  grants: Grants
  areas: Pick<Areas, 'keepIn'>
  clock: Clock
  random: RandomBytes
}): Consents {
  const { database, audit, grants, areas, clock, random } = options

  const select = (query: Pick<Database['query'], 'selectFrom'>, accountId: string) =>
    query.selectFrom('consents').selectAll().where('account_id', '=', accountId)

  return {
    async find(accountId, clientId) {
      const row = await select(database.query, accountId)
        .where('client_id', '=', clientId)
        .executeTakeFirst()
      return row ? toConsent(row) : null
    },

    async holdIn(write, accountId, clientId) {
      // An update that changes nothing: it locks the row on Postgres, and means nothing on SQLite.
      const row = await write.query
        .updateTable('consents')
        .set((consents) => ({ id: consents.ref('id') }))
        .where('account_id', '=', accountId)
        .where('client_id', '=', clientId)
        .returningAll()
        .executeTakeFirst()
      return row ? toConsent(row) : null
    },

    async list(accountId) {
      const rows = await select(database.query, accountId).orderBy('id', 'desc').execute()
      return rows.map(toConsent)
    },

    grant: (actor, { accountId, clientId, scopes, details }) =>
      database.write(async (write) => {
        // Two grants at once would each forget the other.
        const client = await lockClient(write, clientId)
        const row = await select(write.query, accountId)
          .where('client_id', '=', clientId)
          .executeTakeFirst()
        const granted = mergeGranted(row ? toConsent(row) : null, { scopes, details })
        const columns = {
          scopes: granted.scopes.join(' '),
          authorization_details: JSON.stringify(granted.details),
          updated_at: clock.now(),
        }
        const stored = await write.query
          .insertInto('consents')
          .values({
            id: uuidv7(clock.now(), random),
            account_id: accountId,
            client_id: clientId,
            created_at: clock.now(),
            ...columns,
          })
          .onConflict((conflict) =>
            conflict.columns(['account_id', 'client_id']).doUpdateSet(columns),
          )
          .returningAll()
          .executeTakeFirstOrThrow()
        await areas.keepIn(write, details)
        audit.record(write, actor, {
          action: 'consent.grant',
          object: { kind: 'consent', id: stored.id },
          customerId: client?.customer_id ?? null,
          details: { clientId, accountId, scopes: scopes.join(' ') },
        })
        return toConsent(stored)
      }),

    withdraw: (actor, accountId, id) =>
      database.write(async (write) => {
        const row = await write.query
          .deleteFrom('consents')
          .where('id', '=', id)
          .where('account_id', '=', accountId)
          .returningAll()
          .executeTakeFirst()
        if (!row) return 'unknown'
        const clientId = row.client_id
        await grants.revokeOfClientIn(write, actor, { accountId, clientId }, 'consent withdrawn')
        const client = await write.query
          .selectFrom('clients')
          .select('customer_id')
          .where('id', '=', clientId)
          .executeTakeFirst()
        audit.record(write, actor, {
          action: 'consent.withdraw',
          object: { kind: 'consent', id },
          customerId: client?.customer_id ?? null,
          details: { clientId, accountId },
        })
        return 'withdrawn'
      }),
  }
}

function toConsent(row: ConsentRow): Consent {
  return {
    id: row.id,
    accountId: row.account_id,
    clientId: row.client_id,
    scopes: row.scopes === '' ? [] : row.scopes.split(' '),
    details: JSON.parse(row.authorization_details) as MapDataDetail[],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
