import type { Database } from '../../database/database.ts'
import { type StoredAuditEvent, toStoredEvent } from './audit-event.ts'

export interface AuditQuery {
  /** How many events at most; never more than 1,000. */
  limit: number
  /** Only events with a lower sequence: the last one of the page before. */
  before?: number | undefined
  action?: string | undefined
  objectId?: string | undefined
  customerId?: string | undefined
  actorId?: string | undefined
}

/** Events from the newest, a page at a time. */
export async function listEvents(
  database: Database,
  query: AuditQuery,
): Promise<StoredAuditEvent[]> {
  let select = database.query
    .selectFrom('audit_events')
    .selectAll()
    .orderBy('sequence', 'desc')
    .limit(Math.min(query.limit, 1_000))
  if (query.before !== undefined) select = select.where('sequence', '<', query.before)
  if (query.action !== undefined) select = select.where('action', '=', query.action)
  if (query.objectId !== undefined) select = select.where('object_id', '=', query.objectId)
  if (query.customerId !== undefined) select = select.where('customer_id', '=', query.customerId)
  if (query.actorId !== undefined) select = select.where('actor_id', '=', query.actorId)
  return (await select.execute()).map(toStoredEvent)
}
