import type { Access } from '../../server/open-access.ts'

/** A passkey that no device has: for what asks only whether there is one. */
export async function insertPasskey(
  { database }: Pick<Access, 'database'>,
  accountId: string,
  id: string,
): Promise<void> {
  await database.write(async ({ query }) => {
    await query
      .insertInto('passkeys')
      .values({
        id,
        account_id: accountId,
        public_key: '',
        counter: 0,
        transports: '',
        name: id,
        created_at: 0,
        last_used_at: null,
      })
      .execute()
  })
}
