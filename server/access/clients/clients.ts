import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { FillCache } from '../../lib/fill-cache.ts'
import { type RandomBytes, randomInt64 } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import type { Client, ClientChanges, GrantType } from './client.ts'
import { type ClientRow, columnsOf, KNOWN_CLIENT, toClient } from './client-rows.ts'
import { lockClient } from './lock-client.ts'

/**
 * Registered applications: created, found, changed, suspended, deleted. `known` is the hot path's
 * view, from a cache that follows the change feed. Secrets are in `access/secrets`, applications
 * for a client in `access/requests`, limits in `access/limits`.
 */
export interface Clients {
  create(actor: Actor, client: NewClient): Promise<CreateClientOutcome>
  /** For a caller that has a transaction under way. */
  createIn(write: Write, actor: Actor, client: NewClient): Promise<CreateClientOutcome>
  /** From the cache; needs a fresh feed (`ChangeFeed.ensureFresh`). */
  known(id: string): Client | null | Promise<Client | null>
  /**
   * Called before a look-up that joins the client's row (`KNOWN_CLIENT`) to another.
   * @returns keeps the client of that row for `known`
   */
  beginFill(): (row: ClientRow) => void
  find(id: string): Promise<Client | null>
  /** As the transaction that is under way sees it. */
  findIn(write: Write, id: string): Promise<Client | null>
  list(page: { customerId: string | null; after: string | null; limit: number }): Promise<Client[]>
  /** null: there is no such client. */
  change(actor: Actor, id: string, changes: ClientChanges): Promise<Client | null>
  /** For a caller that has a transaction under way. */
  changeIn(write: Write, actor: Actor, id: string, changes: ClientChanges): Promise<Client | null>
  setSuspended(actor: Actor, id: string, suspended: boolean): Promise<Client | null>
  /** With its secrets: all its tokens are dead. */
  delete(actor: Actor, id: string): Promise<'deleted' | 'unknown'>
}

export interface NewClient extends ClientChanges {
  id?: string
  customerId: string
  displayName: string
  type?: Client['type']
  apiId?: string | null
  registration?: Client['registration']
  registeredBy?: string | null
}

export type CreateClientOutcome =
  | { kind: 'created'; client: Client }
  | { kind: 'exists' }
  | { kind: 'unknown-customer' }

/** RFC 6749 §4.4: client credentials are for confidential clients. */
const DEFAULT_GRANTS: Record<Client['type'], readonly GrantType[]> = {
  confidential: ['client_credentials'],
  public: [],
}

/** Tables whose rows go with their client; its tokens are dead because it is. */
const OF_A_CLIENT = [
  'limit_overrides',
  'client_logos',
  'interactions',
  'pushed_requests',
  'consents',
  'authorization_codes',
  'refresh_tokens',
  'device_codes',
] as const

export function createClients(options: {
  database: Database
  audit: Audit
  clock: Clock
  random: RandomBytes
  defaultTokenLifetimeSeconds: number
  maximumCached: number
}): Clients {
  const { database, audit, clock, random } = options
  const cache = new FillCache<Client>(options.maximumCached)
  database.feed.subscribe(({ topic, key }) => {
    if (topic === 'client') cache.invalidate(key)
    // Rare, and the cache does not know whose clients it holds.
    else if (topic === 'customer' || topic === 'everything') cache.clear()
  })
  const selectKnown = database.prepare<ClientRow>(
    `select ${KNOWN_CLIENT}
     from clients join customers on customers.id = clients.customer_id where clients.id = $1`,
  )

  function load(id: string): Client | null | Promise<Client | null> {
    const rows = selectKnown(id)
    return rows instanceof Promise
      ? rows.then((found) => (found[0] ? toClient(found[0]) : null))
      : rows[0]
        ? toClient(rows[0])
        : null
  }

  const select = (query: Pick<Database['query'], 'selectFrom'>) =>
    query
      .selectFrom('clients')
      .innerJoin('customers', 'customers.id', 'clients.customer_id')
      .selectAll('clients')
      .select('customers.suspended_at as customer_suspended_at')

  async function findBy(query: Pick<Database['query'], 'selectFrom'>, id: string) {
    const row = await select(query).where('clients.id', '=', id).executeTakeFirst()
    return row ? toClient(row) : null
  }

  function recorded(
    write: Write,
    actor: Actor,
    action: string,
    client: { id: string; customer_id: string },
    details: AuditEvent['details'] = {},
  ): void {
    write.announce('client', client.id)
    audit.record(write, actor, {
      action,
      object: { kind: 'client', id: client.id },
      customerId: client.customer_id,
      details,
    })
  }

  async function createIn(
    write: Write,
    actor: Actor,
    client: NewClient,
  ): Promise<CreateClientOutcome> {
    const customer = await lockCustomer(write, client.customerId)
    if (!customer) return { kind: 'unknown-customer' }
    const { type = 'confidential' } = client
    const scopes = client.scopes ?? []
    const inserted = await write.query
      .insertInto('clients')
      .values({
        description: '',
        token_lifetime_seconds: options.defaultTokenLifetimeSeconds,
        auth_method: type === 'public' ? 'none' : 'client_secret',
        ...columnsOf(client),
        id: client.id ?? randomInt64(random),
        customer_id: client.customerId,
        display_name: client.displayName,
        type,
        scopes: scopes.join(' '),
        grants: (client.grants ?? DEFAULT_GRANTS[type]).join(' '),
        api_id: client.apiId ?? null,
        registration: client.registration ?? 'operator',
        registered_by: client.registeredBy ?? null,
        suspended_at: null,
        created_at: clock.now(),
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!inserted) return { kind: 'exists' }
    recorded(write, actor, 'client.create', inserted, { scopes: inserted.scopes })
    const created = { ...inserted, customer_suspended_at: customer.suspended_at }
    return { kind: 'created', client: toClient(created) }
  }

  /** Changes columns, records it, and returns the client as it is then. */
  async function update(
    write: Write,
    actor: Actor,
    id: string,
    action: string,
    columns: Partial<Omit<ClientRow, 'id' | 'customer_suspended_at'>>,
  ): Promise<Client | null> {
    const updated = await write.query
      .updateTable('clients')
      .set({ ...columns, id })
      .where('id', '=', id)
      .returning(['id', 'customer_id'])
      .executeTakeFirst()
    if (!updated) return null
    recorded(write, actor, action, updated, columns)
    return toClient(
      await select(write.query).where('clients.id', '=', id).executeTakeFirstOrThrow(),
    )
  }

  const changeIn: Clients['changeIn'] = (write, actor, id, changes) =>
    update(write, actor, id, 'client.change', columnsOf(changes))

  return {
    createIn,
    changeIn,
    create: (actor, client) => database.write((write) => createIn(write, actor, client)),
    known: (id) => cache.get(id, () => load(id)),
    beginFill() {
      const keep = cache.beginFill()
      return (row) => keep(row.id, toClient(row))
    },

    find: (id) => findBy(database.query, id),
    findIn: ({ query }, id) => findBy(query, id),

    async list({ customerId, after, limit }) {
      const rows = await select(database.query)
        .$if(customerId !== null, (query) => query.where('clients.customer_id', '=', customerId!))
        .$if(after !== null, (query) => query.where('clients.id', '>', after!))
        .orderBy('clients.id')
        .limit(limit)
        .execute()
      return rows.map(toClient)
    },

    change: (actor, id, changes) => database.write((write) => changeIn(write, actor, id, changes)),

    setSuspended: (actor, id, suspended) =>
      database.write((write) =>
        update(write, actor, id, suspended ? 'client.suspend' : 'client.resume', {
          suspended_at: suspended ? clock.now() : null,
        }),
      ),

    delete: (actor, id) =>
      database.write(async (write) => {
        const client = await lockClient(write, id)
        if (!client) return 'unknown'
        const secrets = await write.query
          .deleteFrom('client_secrets')
          .where('client_id', '=', id)
          .returning('id')
          .execute()
        const grants = await write.query
          .deleteFrom('grants')
          .where('client_id', '=', id)
          .returning('id')
          .execute()
        for (const table of OF_A_CLIENT) {
          await write.query.deleteFrom(table).where('client_id', '=', id).execute()
        }
        await write.query.deleteFrom('clients').where('id', '=', id).execute()
        for (const secret of secrets) write.announce('secret', secret.id)
        for (const grant of grants) write.announce('grant', grant.id)
        write.announce('limits', id)
        recorded(write, actor, 'client.delete', client)
        return 'deleted'
      }),
  }
}
