import type { Selectable } from 'kysely'
import type { Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Account } from './account.ts'

export type AccountRow = Selectable<Tables['accounts']>

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    emailConfirmed: row.email_confirmed_at !== null,
    name: row.name,
    hasPassword: row.password_hash !== null,
    hasTotp: row.totp_confirmed_at !== null,
    operator: row.operator === 1,
    suspended: row.suspended_at !== null,
    createdAt: row.created_at,
  }
}

/**
 * Holds the account until the transaction ends: nothing is added to it while it is deleted. Taken
 * before any lock on customers. An update that changes nothing: it locks the row on Postgres, and
 * means nothing on SQLite.
 */
export async function lockAccount(write: Write, id: string): Promise<AccountRow | null> {
  const row = await write.query
    .updateTable('accounts')
    .set((accounts) => ({ id: accounts.ref('id') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  return row ?? null
}
