import type { Database } from '../../database/database.ts'

/**
 * NIST SP 800-63B-4 §3.2.2: no more than 100 failed attempts in a row, of password and second factor
 * together; then nothing opens the account but a new password by e-mail, or a passkey alone.
 */
const CEILING = 100

/**
 * Counts one; in one statement, so that attempts at the same time are all counted.
 * @returns false: the ceiling was reached before
 */
export async function countFailure(database: Database, accountId: string): Promise<boolean> {
  const counted = await database.write((write) =>
    write.query
      .updateTable('accounts')
      .set((accounts) => ({ password_failures: accounts('password_failures', '+', 1) }))
      .where('id', '=', accountId)
      .where('password_failures', '<', CEILING)
      .returning('id')
      .executeTakeFirst(),
  )
  return counted !== undefined
}

/** After a sign-in. */
export async function forgetFailures(database: Database, accountId: string): Promise<void> {
  await database.write(async (write) => {
    await write.query
      .updateTable('accounts')
      .set({ password_failures: 0 })
      .where('id', '=', accountId)
      .where('password_failures', '>', 0)
      .execute()
  })
}

/** What was counted in advance was none. */
export async function takeBackFailure(database: Database, accountId: string): Promise<void> {
  await database.write(async (write) => {
    await write.query
      .updateTable('accounts')
      .set((accounts) => ({ password_failures: accounts('password_failures', '-', 1) }))
      .where('id', '=', accountId)
      .where('password_failures', '>', 0)
      .execute()
  })
}
