import type { Database } from '../../database/database.ts'

/**
 * Clients of metadata documents that nobody has let in: any stranger makes one by naming a URL, so they
 * are counted, and forgotten soon.
 */
export function unusedDocuments(query: Pick<Database['query'], 'selectFrom'>, customerId: string) {
  return query
    .selectFrom('clients')
    .where('clients.customer_id', '=', customerId)
    .where('registration', '=', 'metadata-document')
    .where('suspended_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('consents')
            .select('consents.id')
            .whereRef('consents.client_id', '=', 'clients.id'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('grants').select('grants.id').whereRef('grants.client_id', '=', 'clients.id'),
        ),
      ),
    )
}
