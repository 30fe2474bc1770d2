import type { Client } from './client.ts'
import type { Clients } from './clients.ts'
import type { MetadataDocuments } from './metadata-documents.ts'
import { isClientIdUrl } from './client-id-url.ts'

/**
 * The client of a `client_id`, wherever it is registered: here, or in a document of its own. Needs a
 * fresh feed (`ChangeFeed.ensureFresh`). null: there is none, or its document is not good.
 * @param address whose request names the client; without it, no document that is not known is fetched
 */
export type ResolveClient = (id: string, address?: string) => Client | null | Promise<Client | null>

export function createClientResolver(options: {
  clients: Pick<Clients, 'known'>
  /** null: clients are registered here only. */
  metadataDocuments: MetadataDocuments | null
}): ResolveClient {
  const { clients, metadataDocuments } = options
  return (id, address) => {
    if (!isClientIdUrl(id)) return clients.known(id)
    return metadataDocuments === null ? null : metadataDocuments.clientOf(id, address ?? null)
  }
}
