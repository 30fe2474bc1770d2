import type { Database } from '../../database/database.ts'
import type { Account } from './account.ts'

/**
 * Whether a password is not enough: with an authenticator app, or with a passkey for which its person
 * took recovery codes. Without those a passkey only stands in for the password: it may be on a device
 * that is not here, and must not lock its owner out. Codes that are used count too: whoever uses the
 * last one must not switch the second factor off by it.
 */
export async function needsSecondFactor(
  query: Pick<Database['query'], 'selectFrom'>,
  { id, hasTotp }: Pick<Account, 'id' | 'hasTotp'>,
): Promise<boolean> {
  if (hasTotp) return true
  const both = await query
    .selectFrom('passkeys')
    .innerJoin('recovery_codes', 'recovery_codes.account_id', 'passkeys.account_id')
    .select('passkeys.id')
    .where('passkeys.account_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  return both !== undefined
}
