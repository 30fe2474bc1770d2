import type { Database } from '../../database/database.ts'
import type { Account } from './account.ts'

/**
 * Whether a password is not enough: with an authenticator app, or with a passkey and recovery codes
 * beside it. A lone passkey may be on a device that is not here, and must not lock its owner out.
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
    .where('recovery_codes.used_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return both !== undefined
}
