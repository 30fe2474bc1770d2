import type { Selectable } from 'kysely'
import type { Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'

export type SessionRow = Selectable<Tables['sessions']>

/** Ends an account's sessions, but for one. @returns their ids */
export async function endSessions(
  write: Write,
  accountId: string,
  exceptId?: string,
): Promise<string[]> {
  const ended = await write.query
    .deleteFrom('sessions')
    .where('account_id', '=', accountId)
    .$if(exceptId !== undefined, (query) => query.where('id', '!=', exceptId!))
    .returning('id')
    .execute()
  for (const { id } of ended) write.announce('session', id)
  return ended.map(({ id }) => id)
}
