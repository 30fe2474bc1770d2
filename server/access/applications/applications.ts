import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import {
  type Client,
  type ClientChanges,
  DEVICE_CODE_GRANT,
  type GrantType,
} from '../clients/client.ts'
import type { ClientFault, ClientRules } from '../clients/client-rules.ts'
import type { Clients } from '../clients/clients.ts'
import { countClients } from '../clients/count-clients.ts'
import { lockClient } from '../clients/lock-client.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import type { AskOutcome } from '../requests/permission-requests.ts'
import type { ClientRequests } from '../requests/client-requests.ts'
import type { Apis } from '../scopes/apis.ts'
import type { ClientSecret } from '../secrets/client-secret.ts'
import type { SecretText } from '../secrets/secret-text.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Logo, LogoType } from './logo.ts'

/**
 * Self-service: people register applications of their customers, change and delete them. The policy
 * says which scopes an application gets at once; the others wait as a request for more permissions
 * (`access/requests`). Who may do it is `role-rights.ts`; clients themselves are `access/clients`.
 */
export interface Applications {
  readonly policy: SelfServicePolicy
  /** What an application may ask for: all scopes but those that give power over clients. */
  readonly scopes: readonly { name: string; description: string; atOnce: boolean }[]
  /** The client, its first secret if it can keep one, and the request for what waits, in one transaction. */
  register(actor: Actor, application: NewApplication): Promise<RegisterOutcome>
  /**
   * Scopes that are taken away are gone at once. New ones come at once or wait, by the policy; what
   * waited and is not asked for any more is withdrawn. Scopes of the management API stay as they are.
   * @param contact for whoever decides: an e-mail address
   */
  change(
    actor: Actor,
    clientId: string,
    changes: Omit<ClientChanges, 'scopes'> & { scopes: readonly string[] },
    contact: string | null,
  ): Promise<ChangeOutcome>
  /** With what waits for it. */
  delete(actor: Actor, clientId: string): Promise<'deleted' | 'unknown'>
  findLogo(clientId: string): Promise<Logo | null>
  /** @param logo null: none any more */
  setLogo(actor: Actor, clientId: string, logo: Logo | null): Promise<'set' | 'unknown'>
}

export interface SelfServicePolicy {
  open: boolean
  /** Granted at once. */
  scopes: readonly string[]
  maximumPerCustomer: number
}

export interface NewApplication {
  customerId: string
  displayName: string
  description: string
  website: string
  type: Client['type']
  redirectUris: readonly string[]
  /** Those of `Applications.scopes` that it is to have. */
  scopes: readonly string[]
  logo: Logo | null
  /** Of whoever registers it. */
  accountId: string
  contact: string | null
}

export type RegisterOutcome =
  | {
      kind: 'registered'
      client: Client
      /** null: a public client has none. */
      secret: { secret: ClientSecret; text: SecretText } | null
      asked: AskOutcome
    }
  /** The policy does not let people register. */
  | { kind: 'closed' }
  | { kind: 'unknown-scope'; scope: string }
  | { kind: 'unknown-customer' }
  | { kind: 'too-many'; maximum: number }

export type ChangeOutcome =
  | { kind: 'changed'; client: Client; asked: AskOutcome }
  /** The client would be one that cannot be. */
  | { kind: 'refused'; fault: ClientFault }
  | { kind: 'unknown-scope'; scope: string }
  | { kind: 'unknown' }

/** RFC 6749 §4.4: client credentials are for confidential clients. */
const GRANTS: Record<Client['type'], readonly GrantType[]> = {
  confidential: ['client_credentials'],
  public: [],
}

/** Codes come to callback URLs: where there are none, nothing can be asked of people. */
function withCodes(grants: readonly GrantType[], redirectUris: readonly string[]): GrantType[] {
  const others = grants.filter((grant) => grant !== 'authorization_code')
  if (redirectUris.length > 0) {
    return [...new Set<GrantType>(['authorization_code', 'refresh_token', ...others])]
  }
  const refreshable = others.some((grant) => grant === DEVICE_CODE_GRANT || grant === 'password')
  return refreshable ? others : others.filter((grant) => grant !== 'refresh_token')
}

export function createApplications(options: {
  database: Database
  audit: Audit
  clients: Clients
  clientRules: ClientRules
  secrets: Secrets
  clientRequests: ClientRequests
  apis: Apis
  clock: Clock
  policy: SelfServicePolicy
}): Applications {
  const { database, audit, clients, clientRules, secrets, clientRequests, apis, clock, policy } =
    options
  const scopes = apis.all
    .filter(({ id }) => id !== 'management')
    .flatMap((api) => api.scopes)
    .map((scope) => ({ ...scope, atOnce: policy.scopes.includes(scope.name) }))
  const offered = new Map(scopes.map((scope) => [scope.name, scope]))
  const unknownScope = (names: readonly string[]) => names.find((name) => !offered.has(name))

  const ask = (
    write: Write,
    actor: Actor,
    client: Client,
    permissions: readonly string[],
    contact: string | null,
  ) =>
    clientRequests.askIn(write, actor, client, {
      permissions,
      intendedUse: client.description,
      contact,
    })

  async function storeLogo(write: Write, clientId: string, logo: Logo | null): Promise<void> {
    await write.query.deleteFrom('client_logos').where('client_id', '=', clientId).execute()
    if (!logo) return
    await write.query
      .insertInto('client_logos')
      .values({
        client_id: clientId,
        content_type: logo.contentType,
        body: logo.body.toString('base64'),
      })
      .execute()
  }

  return {
    policy,
    scopes,

    async register(actor, application) {
      const { customerId, type, logo, contact } = application
      if (!policy.open) return { kind: 'closed' }
      const scope = unknownScope(application.scopes)
      if (scope !== undefined) return { kind: 'unknown-scope', scope }
      const granted = application.scopes.filter((name) => offered.get(name)!.atOnce)
      const waiting = application.scopes.filter((name) => !offered.get(name)!.atOnce)
      return database.write(async (write) => {
        // Two at once would both find room for the last one.
        if (!(await lockCustomer(write, customerId))) return { kind: 'unknown-customer' }
        if ((await countClients(write, customerId)) >= policy.maximumPerCustomer) {
          return { kind: 'too-many', maximum: policy.maximumPerCustomer }
        }
        const created = await clients.createIn(write, actor, {
          customerId,
          type,
          displayName: application.displayName,
          description: application.description,
          website: application.website,
          redirectUris: application.redirectUris,
          scopes: granted,
          grants: withCodes(GRANTS[type], application.redirectUris),
          registration: 'self-service',
          registeredBy: application.accountId,
          ...(logo && { logoAt: clock.now() }),
        })
        if (created.kind !== 'created')
          throw new Error(`a client with a random id: ${created.kind}`)
        const { client } = created
        if (logo) await storeLogo(write, client.id, logo)
        const secret =
          type === 'confidential'
            ? await secrets.createIn(write, actor, client.id, {
                description: 'First secret',
                expiresAt: null,
              })
            : null
        if (secret && secret.kind !== 'created') throw new Error(`a first secret: ${secret.kind}`)
        const asked = await ask(write, actor, client, waiting, contact)
        return { kind: 'registered', client, secret, asked }
      })
    },

    async change(actor, clientId, changes, contact) {
      const scope = unknownScope(changes.scopes)
      if (scope !== undefined) return { kind: 'unknown-scope', scope }
      return database.write(async (write) => {
        if (!(await lockClient(write, clientId))) return { kind: 'unknown' }
        const before = await clients.findIn(write, clientId)
        const has = (name: string) => before!.scopes.includes(name)
        const granted = changes.scopes.filter((name) => has(name) || offered.get(name)!.atOnce)
        const kept = before!.scopes.filter((name) => !offered.has(name))
        const { redirectUris } = changes
        const settled = {
          ...changes,
          ...(redirectUris && { grants: withCodes(before!.grants, redirectUris) }),
          scopes: [...kept, ...granted],
        }
        const fault = clientRules.faultOf({ ...before!, ...settled })
        if (fault) return { kind: 'refused', fault }
        const client = await clients.changeIn(write, actor, clientId, settled)
        const waiting = changes.scopes.filter((name) => !granted.includes(name))
        const asked = await ask(write, actor, client!, waiting, contact)
        return { kind: 'changed', client: client!, asked }
      })
    },

    async delete(actor, clientId) {
      const client = await clients.find(clientId)
      if (!client) return 'unknown'
      await database.write((write) => ask(write, actor, client, [], null))
      return clients.delete(actor, clientId)
    },

    async findLogo(clientId) {
      const row = await database.query
        .selectFrom('client_logos')
        .selectAll()
        .where('client_id', '=', clientId)
        .executeTakeFirst()
      if (!row) return null
      return {
        contentType: row.content_type as LogoType,
        body: Buffer.from(row.body, 'base64'),
      }
    },

    setLogo: (actor, clientId, logo) =>
      database.write(async (write) => {
        const client = await lockClient(write, clientId)
        if (!client) return 'unknown'
        await storeLogo(write, clientId, logo)
        await clients.changeIn(write, actor, clientId, { logoAt: logo && clock.now() })
        audit.record(write, actor, {
          action: logo ? 'client-logo.set' : 'client-logo.remove',
          object: { kind: 'client', id: clientId },
          customerId: client.customer_id,
          ...(logo && { details: { contentType: logo.contentType, bytes: logo.body.length } }),
        })
        return 'set'
      }),
  }
}
