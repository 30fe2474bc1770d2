import type { Database, Write } from '../../database/database.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import { createTicketHashes } from '../accounts/ticket-hashes.ts'
import { type Actor, systemActor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { Customers } from '../customers/customers.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import type { InitialAccessTokens } from '../initial-access-tokens/initial-access-tokens.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { SecretText } from '../secrets/secret-text.ts'
import type { Client } from './client.ts'
import type { ClientFault, ClientRules } from './client-rules.ts'
import type { Clients } from './clients.ts'
import { countClients } from './count-clients.ts'
import { lockClient } from './lock-client.ts'
import { ownChange } from './own-change.ts'
import type { RequestedClient } from './registration.ts'

/**
 * Clients that register themselves (RFC 7591) and look after their registration (RFC 7592) with a
 * token that was shown to them once. What they ask for has been judged before (`registration.ts`).
 */
export interface Registrations {
  /**
   * @param initialToken null: registration is open to this client
   */
  register(
    actor: Actor,
    initialToken: string | null,
    requested: RequestedClient,
  ): Promise<RegisterOutcome>
  /** The client that registered itself and got this token for it; null when it did not. */
  find(clientId: string, token: string): Promise<Client | null>
  /**
   * Everything is as requested afterwards, as far as a client may change itself (`own-change.ts`). What
   * only an operator sets stays, and is judged along.
   */
  replace(actor: Actor, clientId: string, requested: RequestedClient): Promise<ReplaceOutcome>
  /** Makes sure of the customer that owns clients without an initial access token. */
  ensureCustomer(): Promise<void>
}

export type RegisterOutcome =
  | {
      kind: 'registered'
      client: Client
      registrationToken: RegistrationToken
      secret: SecretText | null
    }
  /** Used up or expired meanwhile. */
  | { kind: 'token-refused' }
  /** There are as many at the customer of open registration as may be. */
  | { kind: 'full' }

export type ReplaceOutcome =
  | { kind: 'replaced'; client: Client }
  /** With what an operator set, the client would be one that cannot be. */
  | { kind: 'refused'; fault: ClientFault }
  /** How it logs in cannot become that. */
  | { kind: 'method-change' }
  | { kind: 'unknown' }

/** 256 random bits. */
export type RegistrationToken = `mgreg_${string}`

export function createRegistrations(options: {
  database: Database
  audit: Audit
  clients: Clients
  rules: ClientRules
  secrets: Secrets
  customers: Customers
  initialAccessTokens: InitialAccessTokens
  masterKey: MasterKey
  random: RandomBytes
  /** Of open registration and of metadata documents. */
  customerId: string
  maximumOpen: number
}): Registrations {
  const { database, audit, clients, secrets, customers, initialAccessTokens, random } = options

  const hashes = createTicketHashes(options.masterKey, 'registration')

  async function isFull(write: Write): Promise<boolean> {
    // Else two at once could both take the last place.
    await lockCustomer(write, options.customerId)
    return (await countClients(write, options.customerId, 'dynamic')) >= options.maximumOpen
  }

  async function ensureCustomer(): Promise<void> {
    if (await customers.find(options.customerId)) return
    // Another node may make it at the same time, which is as good.
    await customers.create(systemActor, {
      id: options.customerId,
      name: 'Applications that registered themselves',
    })
  }

  return {
    ensureCustomer,

    async register(actor, initialToken, requested) {
      if (initialToken === null) await ensureCustomer()
      const registrationToken: RegistrationToken = `mgreg_${randomBase62(43, random)}`
      return database.write(async (write): Promise<RegisterOutcome> => {
        const used =
          initialToken === null ? null : await initialAccessTokens.useIn(write, initialToken)
        if (initialToken !== null && !used) return { kind: 'token-refused' }
        if (!used && (await isFull(write))) return { kind: 'full' }
        const created = await clients.createIn(write, actor, {
          ...requested,
          customerId: used?.customerId ?? options.customerId,
          registration: 'dynamic',
        })
        // The token's customer is gone.
        if (created.kind !== 'created') return { kind: 'token-refused' }
        const { client } = created
        await write.query
          .updateTable('clients')
          .set({ registration_token_hash: hashes.hash(registrationToken) })
          .where('id', '=', client.id)
          .execute()
        audit.record(write, actor, {
          action: 'client.register',
          object: { kind: 'client', id: client.id },
          customerId: client.customerId,
          details: { initialAccessTokenId: used?.id ?? null },
        })
        if (client.authMethod !== 'client_secret') {
          return { kind: 'registered', client, registrationToken, secret: null }
        }
        const made = await secrets.createIn(write, actor, client.id, {
          description: 'registration',
          expiresAt: null,
        })
        if (made.kind !== 'created') throw new Error(`a new client got no secret: ${made.kind}`)
        return { kind: 'registered', client, registrationToken, secret: made.text }
      })
    },

    async find(clientId, token) {
      const row = await database.query
        .selectFrom('clients')
        .select('id')
        .where('id', '=', clientId)
        .where('registration', '=', 'dynamic')
        .where('registration_token_hash', 'in', hashes.all(token))
        .executeTakeFirst()
      return row ? clients.find(row.id) : null
    },

    replace: (actor, clientId, { type, ...requested }) =>
      database.write(async (write): Promise<ReplaceOutcome> => {
        if (!(await lockClient(write, clientId))) return { kind: 'unknown' }
        const before = (await clients.findIn(write, clientId))!
        // Confidential and public clients are under different rules, and so is what they were granted;
        // and who had no secret would have to be given one.
        const needsSecret = requested.authMethod === 'client_secret'
        if (type !== before.type || (needsSecret && before.authMethod !== 'client_secret')) {
          return { kind: 'method-change' }
        }
        const changes = ownChange(before, requested)
        if (changes.grants.length === 0 && requested.grants.length > 0) {
          return {
            kind: 'refused',
            fault: { member: 'grants', reason: 'hold none that the client has' },
          }
        }
        const fault = options.rules.faultOf({ ...before, ...changes })
        if (fault) return { kind: 'refused', fault }
        const client = await clients.changeIn(write, actor, clientId, changes)
        return { kind: 'replaced', client: client! }
      }),
  }
}
