import { expressionBuilder } from 'kysely'
import type { Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type { TicketHashes } from './ticket-hashes.ts'

const CODES = 10
/** Without letters that look like digits (Crockford's base32). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** 80 random bits, to be typed from paper: `xxxx-xxxx-xxxx-xxxx`. */
function createRecoveryCode(random: RandomBytes): string {
  const characters = [...random(16)].map((byte) => ALPHABET[byte % 32]).join('')
  return characters.replaceAll(/(.{4})(?=.)/g, '$1-')
}

/** However it was typed; null: it cannot be one. */
export function parseRecoveryCode(text: string): string | null {
  const code = text
    .slice(0, 100)
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
  return /^[0-9a-hjkmnp-tv-z]{16}$/.test(code) ? code : null
}

/** Replaces all of an account. @param codes their texts, which are stored nowhere */
export async function replaceRecoveryCodes(
  write: Write,
  accountId: string,
  codes: readonly string[],
  hashes: TicketHashes,
): Promise<void> {
  await write.query.deleteFrom('recovery_codes').where('account_id', '=', accountId).execute()
  await write.query
    .insertInto('recovery_codes')
    .values(
      codes.map((code) => ({
        account_id: accountId,
        hash: hashes.hash(boundTo(accountId, code)),
        used_at: null,
      })),
    )
    .execute()
}

/** Unless there is still something in whose place they are used. The account is locked by the caller. */
export async function removeIdleRecoveryCodes(write: Write, accountId: string): Promise<void> {
  await write.query
    .deleteFrom('recovery_codes')
    .where('account_id', '=', accountId)
    .where(({ not }) => not(isRecoverable(accountId)))
    .execute()
}

/** Whether the account has a passkey, or an authenticator app in use. */
export function isRecoverable(accountId: string) {
  const { or, exists, selectFrom } = expressionBuilder<Tables>()
  return or([
    exists(selectFrom('passkeys').select('id').where('account_id', '=', accountId)),
    exists(
      selectFrom('accounts')
        .select('id')
        .where('id', '=', accountId)
        .where('totp_confirmed_at', 'is not', null),
    ),
  ])
}

export function createRecoveryCodes(random: RandomBytes): string[] {
  return Array.from({ length: CODES }, () => createRecoveryCode(random))
}

/** Uses one up: of several calls at once, one succeeds. */
export async function spendRecoveryCode(
  write: Write,
  accountId: string,
  code: string,
  options: { hashes: TicketHashes; now: number },
): Promise<boolean> {
  const used = await write.query
    .updateTable('recovery_codes')
    .set({ used_at: options.now })
    .where('account_id', '=', accountId)
    .where('hash', 'in', options.hashes.all(boundTo(accountId, code)))
    .where('used_at', 'is', null)
    .returning('account_id')
    .executeTakeFirst()
  return used !== undefined
}

const boundTo = (accountId: string, code: string) => `${accountId} ${parseRecoveryCode(code)}`
