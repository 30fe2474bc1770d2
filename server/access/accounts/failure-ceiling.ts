import type { Database } from '../../database/database.ts'

/**
 * NIST SP 800-63B-4 §3.2.2: no more than 100 failed attempts in a row. Of the password and of the second
 * factor apart, so that a new password by e-mail, which opens the one again, gives no more guesses at
 * the other: that one opens again when its person proves themselves otherwise, by a recovery code or a
 * passkey.
 */
const CEILING = 100

/** What failed; the column that counts it. */
export type Factor = 'password_failures' | 'second_factor_failures'

/**
 * Counts one; in one statement, so that attempts at the same time are all counted.
 * @returns false: the ceiling was reached before
 */
export async function countFailure(
  database: Database,
  factor: Factor,
  accountId: string,
): Promise<boolean> {
  const counted = await database.write((write) =>
    write.query
      .updateTable('accounts')
      .set((accounts) => ({ [factor]: accounts(factor, '+', 1) }))
      .where('id', '=', accountId)
      .where(factor, '<', CEILING)
      .returning('id')
      .executeTakeFirst(),
  )
  return counted !== undefined
}

/** After one that was right. */
export async function forgetFailures(
  database: Database,
  factor: Factor,
  accountId: string,
): Promise<void> {
  await database.write(async (write) => {
    await write.query
      .updateTable('accounts')
      .set({ [factor]: 0 })
      .where('id', '=', accountId)
      .where(factor, '>', 0)
      .execute()
  })
}
