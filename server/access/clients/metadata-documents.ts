import { isDeepStrictEqual } from 'node:util'
import { LRUCache } from 'lru-cache'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { systemActor } from '../audit/actor.ts'
import type { Outbound } from '../outbound/outbound.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import type { Client, ClientChanges } from './client.ts'
import { faultOfClientIdUrl } from './client-id-url.ts'
import { columnsOf } from './client-rows.ts'
import type { Clients } from './clients.ts'
import { createFetchBudget } from './fetch-budget.ts'
import { lockClient } from './lock-client.ts'
import { freshFor } from './metadata-freshness.ts'
import { type DocumentClient, parseMetadataDocument } from './metadata-document.ts'
import type { ClientRules } from './client-rules.ts'
import { ownChange } from './own-change.ts'
import type { Registrations } from './registrations.ts'
import { unusedDocuments } from './unused-documents.ts'

/**
 * Clients that are registered nowhere: their `client_id` is the https URL of a document that describes
 * them (draft-ietf-oauth-client-id-metadata-document). The document is fetched through the guard of
 * `access/outbound`, judged (`metadata-document.ts`), and kept as a client among the others, so that
 * grants, consents, limits and suspensions hang on it as on any; it is fetched anew when its cache
 * headers say so, within bounds. A last good copy stands in for a day when it cannot be fetched; one
 * that is fetched and not good is obeyed at once.
 */
export interface MetadataDocuments {
  /**
   * Needs a fresh feed. null: the document is not good, or cannot be had.
   * @param address whose request names it; null: it is fetched only if it was known before
   */
  clientOf(url: string, address: string | null): Client | null | Promise<Client | null>
  /** Forgets clients that nobody let in within an hour of their first sight. */
  prune(): Promise<void>
}

const FETCH = { maxBytes: 10_240, timeoutMs: 5_000, accept: ['application/json'] } as const

const STALE_MS = 86_400_000
/** Twice as long as a person may take to sign in and decide. */
const UNUSED_MS = 3_600_000
/** So long no request waits for another try; and nobody makes one known document use up the budget. */
const RETRY_MS = 60_000

/** So many that nobody has let in, each network making 60 an hour, are an attack by very many. */
const MAXIMUM_UNUSED = 10_000

/** More than strangers can make between two runs. */
const PRUNED_AT_ONCE = 500

export function createMetadataDocuments(options: {
  database: Database
  clients: Clients
  registrations: Pick<Registrations, 'ensureCustomer'>
  outbound: Outbound
  rules: ClientRules
  clock: Clock
  customerId: string
  permittedScopes: readonly string[]
  /** `host` or `host:port`; empty: all. */
  allowedHosts: readonly string[]
  /** Clients that nobody has let in, at most. */
  maximumUnused?: number
  /** Hears why a document was not taken. */
  onRefused?: (url: string, reason: string) => void
}): MetadataDocuments {
  const { database, clients, registrations, outbound, clock, customerId } = options
  const { maximumUnused = MAXIMUM_UNUSED } = options
  const allowed = new Set(options.allowedHosts.map((host) => host.toLowerCase()))
  const underWay = new Map<string, Promise<Client | null>>()
  const budget = createFetchBudget({ clock })
  /** How the last try ended of each known document, which is not tried again until then. */
  const tried = new LRUCache<string, { until: number; usable: boolean }>({
    maxSize: 1_000,
    sizeCalculation: () => 1,
  })

  function faultOf(id: string): string | null {
    const fault = faultOfClientIdUrl(id, outbound.isAllowedHost)
    if (fault !== null || allowed.size === 0) return fault
    const { host, hostname } = new URL(id)
    return allowed.has(host) || allowed.has(hostname)
      ? null
      : 'its host is not among the allowed ones'
  }

  async function refresh(
    id: string,
    known: Client | null,
    address: string | null,
  ): Promise<Client | null> {
    const client = await fetchAnew(id, known, address)
    if (known) tried.set(id, { until: clock.now() + RETRY_MS, usable: client !== null })
    return client
  }

  async function fetchAnew(
    id: string,
    known: Client | null,
    address: string | null,
  ): Promise<Client | null> {
    const refused = (reason: string): null => {
      options.onRefused?.(id, reason)
      return null
    }
    const standIn = (reason: string): Client | null => {
      refused(reason)
      return clock.now() < (known?.metadata.freshUntil ?? 0) + STALE_MS ? known : null
    }
    if (!budget.spend(known ? null : address)) {
      return standIn('too many documents are being fetched')
    }
    const outcome = await outbound.fetchGuarded(id, FETCH)
    if (outcome.kind === 'failed') return standIn(outcome.reason)
    const document = parseMetadataDocument(id, outcome.text, options)
    if (typeof document === 'string') return refused(document)
    const now = clock.now()
    const times = { fetchedAt: now, freshUntil: now + freshFor(outcome.headers) }
    const client = { ...document, metadata: { ...document.metadata, ...times } }
    return known ? change(id, client) : create(id, client)
  }

  async function change(id: string, { type, ...asked }: DocumentClient): Promise<Client | null> {
    return database.write(async (write) => {
      if (!(await lockClient(write, id))) return null
      const before = (await clients.findIn(write, id))!
      // What was granted to a client with a key must not be had without one.
      if (type !== before.type) return null
      const changes = ownChange(before, asked)
      const fault = options.rules.faultOf({ ...before, ...changes })
      if (fault) {
        options.onRefused?.(id, `as the client was set here, its ${fault.member} ${fault.reason}`)
        return null
      }
      const { metadata = {} } = asked
      if (isSame(before, changes)) {
        // All nodes need the times, and a last good copy its age; nothing that is worth a record.
        await write.query
          .updateTable('clients')
          .set(columnsOf({ metadata }))
          .where('id', '=', id)
          .execute()
        write.announce('client', id)
        return { ...before, metadata }
      }
      return clients.changeIn(write, systemActor, id, changes)
    })
  }

  async function create(id: string, client: DocumentClient): Promise<Client | null> {
    await registrations.ensureCustomer()
    const created = await database.write(async (write) => {
      // Else two at once could both take the last place.
      await lockCustomer(write, customerId)
      const { count } = await unusedDocuments(write.query, customerId)
        .select((rows) => rows.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      if (count >= maximumUnused) return null
      return clients.createIn(write, systemActor, {
        ...client,
        id,
        customerId,
        registration: 'metadata-document',
      })
    })
    if (created?.kind === 'created') return created.client
    if (created === null) options.onRefused?.(id, 'there are too many that nobody has let in')
    // Another node may have been faster.
    return clients.find(id)
  }

  function judge(
    id: string,
    known: Client | null,
    address: string | null,
  ): Client | null | Promise<Client | null> {
    if (known) {
      if (known.registration !== 'metadata-document') return null
      if (known.suspended || known.customerSuspended) return known
      if (clock.now() < (known.metadata.freshUntil ?? 0)) return known
      const last = tried.get(id)
      if (last && clock.now() < last.until) return last.usable ? known : null
    } else if (address === null) return null
    let fetching = underWay.get(id)
    if (!fetching) {
      fetching = refresh(id, known, address).finally(() => underWay.delete(id))
      underWay.set(id, fetching)
    }
    return fetching
  }

  return {
    clientOf(id, address) {
      if (faultOf(id) !== null) return null
      const known = clients.known(id)
      return known instanceof Promise
        ? known.then((found) => judge(id, found, address))
        : judge(id, known, address)
    },

    async prune() {
      const unused = await unusedDocuments(database.query, customerId)
        .select('clients.id')
        .where('clients.created_at', '<', clock.now() - UNUSED_MS)
        // Somebody is about to decide.
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('interactions')
                .select('interactions.id')
                .whereRef('interactions.client_id', '=', 'clients.id')
                .where('session_id', 'is not', null)
                .where('finished_at', 'is', null)
                .where('expires_at', '>', clock.now()),
            ),
          ),
        )
        .limit(PRUNED_AT_ONCE)
        .execute()
      for (const { id } of unused) await clients.delete(systemActor, id)
    },
  }
}

/** But for when the document was fetched. */
function isSame(before: Client, changes: ClientChanges): boolean {
  const timeless = ({ metadata, ...rest }: ClientChanges) => ({
    ...rest,
    metadata: { ...metadata, fetchedAt: undefined, freshUntil: undefined },
  })
  return Object.entries(timeless(changes)).every(([name, value]) =>
    isDeepStrictEqual(value, timeless(before)[name as keyof ClientChanges]),
  )
}
