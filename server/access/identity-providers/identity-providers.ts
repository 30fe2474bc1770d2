import { sql } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { domainOf } from './email-domain.ts'
import {
  type IdentityProvider,
  PROVIDER_ID_PATTERN,
  type ProviderCredential,
} from './identity-provider.ts'
import { credentialColumns, type ProviderRow, toCredential, toProvider } from './provider-rows.ts'

/**
 * Customers' own OpenID providers: created, changed and deleted by the operator, found by name or by
 * the domain of an e-mail address. A domain belongs to one provider: otherwise one customer's provider
 * could vouch for another's people.
 *
 * Who is who at a provider is in `federated-identities.ts`, which role its claims give in
 * `role-mapping.ts`, the sign-in itself in `sign-in/upstream.ts`.
 */
export interface IdentityProviders {
  create(actor: Actor, provider: NewIdentityProvider): Promise<CreateProviderOutcome>
  find(id: string): Promise<IdentityProvider | null>
  /** By id. @param customerId null: of all customers */
  list(page: {
    customerId: string | null
    after: string | null
    limit: number
  }): Promise<IdentityProvider[]>
  change(actor: Actor, id: string, changes: IdentityProviderChanges): Promise<ChangeProviderOutcome>
  /** With what is known of who is who there; accounts stay. */
  delete(actor: Actor, id: string): Promise<'deleted' | 'unknown'>
  /** null: there is no such provider. @throws MasterKeyError */
  credentialOf(id: string): Promise<ProviderCredential | null>
  /** The one that vouches for addresses of this domain. */
  findByEmail(email: string): Promise<IdentityProvider | null>
  /** The one where the owner of this address must sign in: passwords and the like are refused. */
  requiredProviderFor(email: string): Promise<IdentityProvider | null>
}

export interface NewIdentityProvider extends Pick<
  IdentityProvider,
  'id' | 'customerId' | 'issuer' | 'clientId' | 'domains'
> {
  credential: ProviderCredential
  roleClaim?: string | null
  roles?: IdentityProvider['roles']
  required?: boolean
}

export type IdentityProviderChanges = Partial<Omit<NewIdentityProvider, 'id' | 'customerId'>>

export type CreateProviderOutcome =
  | { kind: 'created'; provider: IdentityProvider }
  | { kind: 'exists' }
  | { kind: 'unknown-customer' }
  | { kind: 'domain-taken'; domain: string }

export type ChangeProviderOutcome =
  | { kind: 'changed'; provider: IdentityProvider }
  | { kind: 'unknown' }
  | { kind: 'domain-taken'; domain: string }

const NAME = new RegExp(PROVIDER_ID_PATTERN)

export function createIdentityProviders(options: {
  database: Database
  audit: Audit
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): IdentityProviders {
  const { database, audit, masterKey, clock, random } = options

  async function findRow(id: string): Promise<ProviderRow | null> {
    // Strangers name it, and Postgres takes no NUL in a text.
    if (!NAME.test(id)) return null
    const row = await database.query
      .selectFrom('identity_providers')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst()
    return row ?? null
  }

  async function findByEmail(email: string): Promise<IdentityProvider | null> {
    const domain = domainOf(email)
    const row = domain === null ? null : await ofDomain(database.query, domain)
    return row && toProvider(row)
  }

  /** Held until the transaction ends: two providers must not take one domain at once. */
  async function takenDomain(
    write: Write,
    id: string,
    domains: readonly string[],
  ): Promise<string | null> {
    await write.lock('identity-provider-domains')
    for (const domain of domains) {
      const owner = await ofDomain(write.query, domain)
      if (owner && owner.id !== id) return domain
    }
    return null
  }

  function recorded(
    write: Write,
    actor: Actor,
    action: string,
    row: { id: string; customer_id: string },
    details: AuditEvent['details'] = {},
  ): void {
    write.announce('identity-provider', row.id)
    audit.record(write, actor, {
      action: `identity-provider.${action}`,
      object: { kind: 'identity-provider', id: row.id },
      customerId: row.customer_id,
      details,
    })
  }

  return {
    findByEmail,

    async requiredProviderFor(email) {
      const provider = await findByEmail(email)
      return provider?.required ? provider : null
    },

    async find(id) {
      const row = await findRow(id)
      return row && toProvider(row)
    },

    async credentialOf(id) {
      const row = await findRow(id)
      return row && toCredential(masterKey, row)
    },

    async list({ customerId, after, limit }) {
      const rows = await database.query
        .selectFrom('identity_providers')
        .selectAll()
        .$if(customerId !== null, (query) => query.where('customer_id', '=', customerId!))
        .$if(after !== null, (query) => query.where('id', '>', after!))
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(toProvider)
    },

    create(actor, provider) {
      const columns = {
        ...columnsOf(provider),
        ...credentialColumns(masterKey, random, provider.id, provider.credential),
      }
      return database.write(async (write) => {
        if (!(await lockCustomer(write, provider.customerId))) return { kind: 'unknown-customer' }
        const domain = await takenDomain(write, provider.id, provider.domains)
        if (domain !== null) return { kind: 'domain-taken', domain }
        const row = await write.query
          .insertInto('identity_providers')
          .values({
            id: provider.id,
            customer_id: provider.customerId,
            issuer: provider.issuer,
            client_id: provider.clientId,
            domains: '',
            role_claim: null,
            roles: '{}',
            required: 0,
            created_at: clock.now(),
            ...columns,
          })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returningAll()
          .executeTakeFirst()
        if (!row) return { kind: 'exists' }
        recorded(write, actor, 'create', row, { issuer: row.issuer, domains: row.domains })
        return { kind: 'created', provider: toProvider(row) }
      })
    },

    change(actor, id, changes) {
      const { credential } = changes
      const columns = {
        ...columnsOf(changes),
        ...(credential && credentialColumns(masterKey, random, id, credential)),
      }
      return database.write(async (write) => {
        const domain = await takenDomain(write, id, changes.domains ?? [])
        if (domain !== null) return { kind: 'domain-taken', domain }
        const row = await write.query
          .updateTable('identity_providers')
          .set({ id, ...columns })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        if (!row) return { kind: 'unknown' }
        // What a subject means is the issuer's business: under another one it means somebody else.
        if (changes.issuer !== undefined) await forget(write, id)
        recorded(write, actor, 'change', row, {
          ...columnsOf(changes),
          ...(credential && { credential: credential.kind }),
        })
        return { kind: 'changed', provider: toProvider(row) }
      })
    },

    delete: (actor, id) =>
      database.write(async (write) => {
        const row = await write.query
          .deleteFrom('identity_providers')
          .where('id', '=', id)
          .returning(['id', 'customer_id'])
          .executeTakeFirst()
        if (!row) return 'unknown'
        await forget(write, id)
        recorded(write, actor, 'delete', row)
        return 'deleted'
      }),
  }
}

async function ofDomain(
  query: Pick<Database['query'], 'selectFrom'>,
  domain: string,
): Promise<ProviderRow | null> {
  const row = await query
    .selectFrom('identity_providers')
    .selectAll()
    // No domain has a character that means something in the pattern (`email-domain.ts`).
    .where(sql<string>`' ' || domains || ' '`, 'like', `% ${domain} %`)
    .executeTakeFirst()
  return row ?? null
}

function forget(write: Write, providerId: string) {
  return write.query
    .deleteFrom('federated_identities')
    .where('provider_id', '=', providerId)
    .execute()
}

function columnsOf(changes: IdentityProviderChanges) {
  const { issuer, clientId, domains, roleClaim, roles, required } = changes
  return {
    ...(issuer !== undefined && { issuer }),
    ...(clientId !== undefined && { client_id: clientId }),
    ...(domains && { domains: domains.join(' ') }),
    ...(roleClaim !== undefined && { role_claim: roleClaim }),
    ...(roles && { roles: JSON.stringify(roles) }),
    ...(required !== undefined && { required: Number(required) }),
  }
}
