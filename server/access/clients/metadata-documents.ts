import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { systemActor } from '../audit/actor.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { Client } from './client.ts'
import { faultOfClientIdUrl } from './client-id-url.ts'
import type { Clients } from './clients.ts'
import { freshFor } from './metadata-freshness.ts'
import { type DocumentClient, parseMetadataDocument } from './metadata-document.ts'
import type { ClientRules } from './client-rules.ts'
import type { Registrations } from './registrations.ts'

/**
 * Clients that are registered nowhere: their `client_id` is the https URL of a document that describes
 * them (draft-ietf-oauth-client-id-metadata-document). The document is fetched through the guard of
 * `access/outbound`, judged (`metadata-document.ts`), and kept as a client among the others, so that
 * grants, consents, limits and suspensions hang on it as on any; it is fetched anew when its cache
 * headers say so, within bounds. A last good copy stands in for a day when it cannot be fetched; one
 * that is fetched and not good is obeyed at once.
 */
export interface MetadataDocuments {
  /** Needs a fresh feed. null: the document is not good, or cannot be had. */
  clientOf(url: string): Client | null | Promise<Client | null>
  /** Forgets clients that nobody let in within a day of their first sight. */
  prune(): Promise<void>
}

const FETCH = { maxBytes: 10_240, timeoutMs: 5_000, accept: ['application/json'] } as const

const STALE_MS = 86_400_000
const UNUSED_MS = 86_400_000

/** Strangers choose the URLs: so many are fetched in a minute, and no more. */
const MAXIMUM_FETCHES_PER_MINUTE = 120

export function createMetadataDocuments(options: {
  database: Database
  clients: Clients
  registrations: Pick<Registrations, 'ensureCustomer' | 'isFull'>
  outbound: Outbound
  rules: ClientRules
  clock: Clock
  customerId: string
  permittedScopes: readonly string[]
  /** `host` or `host:port`; empty: all. */
  allowedHosts: readonly string[]
  /** Hears why a document was not taken. */
  onRefused?: (url: string, reason: string) => void
}): MetadataDocuments {
  const { database, clients, registrations, outbound, clock } = options
  const allowed = new Set(options.allowedHosts.map((host) => host.toLowerCase()))
  const underWay = new Map<string, Promise<Client | null>>()
  let minute = 0
  let fetchesInMinute = 0

  function isExhausted(): boolean {
    const now = Math.floor(clock.now() / 60_000)
    if (now !== minute) {
      minute = now
      fetchesInMinute = 0
    }
    return ++fetchesInMinute > MAXIMUM_FETCHES_PER_MINUTE
  }

  function faultOf(id: string): string | null {
    const fault = faultOfClientIdUrl(id, outbound.isAllowedHost)
    if (fault !== null || allowed.size === 0) return fault
    const { host, hostname } = new URL(id)
    return allowed.has(host) || allowed.has(hostname)
      ? null
      : 'its host is not among the allowed ones'
  }

  async function refresh(id: string, known: Client | null): Promise<Client | null> {
    const refused = (reason: string, standIn: Client | null = null): Client | null => {
      options.onRefused?.(id, reason)
      return standIn
    }
    const { freshUntil = 0 } = known?.metadata ?? {}
    const standIn = clock.now() < freshUntil + STALE_MS ? known : null
    if (isExhausted()) return refused('too many documents are being fetched', standIn)
    const outcome = await outbound.fetchGuarded(id, FETCH)
    if (outcome.kind === 'failed') return refused(outcome.reason, standIn)
    const document = parseMetadataDocument(id, outcome.text, options)
    if (typeof document === 'string') return refused(document)
    const now = clock.now()
    const times = { fetchedAt: now, freshUntil: now + freshFor(outcome.headers) }
    const client = { ...document, metadata: { ...document.metadata, ...times } }
    return known ? change(id, known, client) : create(id, client)
  }

  async function change(id: string, known: Client, client: DocumentClient): Promise<Client | null> {
    const { type, ...changes } = client
    // What was granted to a client with a key must not be had without one.
    if (type !== known.type) return null
    const fault = options.rules.faultOf({ ...known, ...changes })
    if (fault) {
      options.onRefused?.(id, `as the client was set here, its ${fault.member} ${fault.reason}`)
      return null
    }
    return clients.change(systemActor, id, changes)
  }

  async function create(id: string, client: DocumentClient): Promise<Client | null> {
    await registrations.ensureCustomer()
    const created = await database.write(async (write) => {
      if (await registrations.isFull(write)) return null
      return clients.createIn(write, systemActor, {
        ...client,
        id,
        customerId: options.customerId,
        registration: 'metadata-document',
      })
    })
    if (created?.kind === 'created') return created.client
    // Another node was faster, or there is no room.
    return clients.find(id)
  }

  function judge(id: string, known: Client | null): Client | null | Promise<Client | null> {
    if (known) {
      if (known.registration !== 'metadata-document') return null
      if (known.suspended || known.customerSuspended) return known
      if (clock.now() < (known.metadata.freshUntil ?? 0)) return known
    }
    let fetching = underWay.get(id)
    if (!fetching) {
      fetching = refresh(id, known).finally(() => underWay.delete(id))
      underWay.set(id, fetching)
    }
    return fetching
  }

  return {
    clientOf(id) {
      if (faultOf(id) !== null) return null
      const known = clients.known(id)
      return known instanceof Promise ? known.then((found) => judge(id, found)) : judge(id, known)
    },

    async prune() {
      const unused = await database.query
        .selectFrom('clients')
        .select('clients.id')
        .where('registration', '=', 'metadata-document')
        .where('created_at', '<', clock.now() - UNUSED_MS)
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
              selectFrom('grants')
                .select('grants.id')
                .whereRef('grants.client_id', '=', 'clients.id'),
            ),
          ),
        )
        .limit(100)
        .execute()
      for (const { id } of unused) await clients.delete(systemActor, id)
    },
  }
}
