import type { Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'
import type { AuthorizationRequest, Interaction } from './interaction.ts'

export type InteractionRow = Selectable<Tables['interactions']>

export function toInteraction(row: InteractionRow): Interaction {
  return {
    id: row.id,
    clientId: row.client_id,
    request: JSON.parse(row.request) as AuthorizationRequest,
    resumePath: row.resume_path,
    sessionId: row.session_id,
    accountId: row.account_id,
    decision: row.decision as Interaction['decision'],
    finished: row.finished_at !== null,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
