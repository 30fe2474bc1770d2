import { timingSafeEqual } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { createHmacSha256 } from '../../lib/hmac.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Apis } from '../scopes/apis.ts'
import { openClientTokenKey } from './client-token-key.ts'

/**
 * Client tokens: an application's long-lived tokens for public map data, made to stand in web pages
 * and apps. They act for nobody and manage nothing.
 *
 * A token is an HMAC of the client's id and of the version in its row, under one key of the
 * installation (`client-token-key.ts`): it can be shown again whenever its owner asks, nothing of it
 * is stored, and a leaked one is replaced by counting the version up. The web origins that it is
 * limited to are judged by the gateway, which alone sees the request.
 */
export interface ClientTokens {
  /** The client's token as it is now, whatever the state of the client. */
  textOf(client: Pick<Client, 'id' | 'clientTokenVersion'>): ClientTokenText
  /** What it may do: what was chosen of what it can have. */
  scopesOf(client: Pick<Client, 'scopes' | 'clientTokenScopes'>): string[]
  /** What it can have: `read`, and scopes of further APIs, as far as the client itself has them. */
  possibleScopesOf(client: Pick<Client, 'scopes'>): string[]
  /**
   * Whose token it is; null when it is none, or when the client or its customer is suspended. Needs a
   * fresh feed (`ChangeFeed.ensureFresh`); synchronous when the client is in the cache.
   */
  verify(text: string): VerifiedClientToken | null | Promise<VerifiedClientToken | null>
  /** Makes the token before this one worthless, on all nodes within a second; null: no such client. */
  regenerate(actor: Actor, clientId: string): Promise<ClientTokenText | null>
}

/** 128 bits that nobody can guess, and the id by which the client is found without a search. */
export type ClientTokenText = `MG|${string}|${string}`

export interface VerifiedClientToken {
  client: Client
  scopes: readonly string[]
}

/** Tells a client token from a JWT, without saying that it is worth anything. */
export const isClientTokenText = (text: string): boolean => text.startsWith('MG|')

const SHAPE = /^MG\|([A-Za-z0-9][A-Za-z0-9._~-]{0,99})\|([0-9a-f]{32})$/

const DEFAULT_SCOPES = ['read']

/** @throws MasterKeyError when the key was last protected by a master key that is not configured */
export async function createClientTokens(options: {
  database: Database
  masterKey: MasterKey
  clients: Pick<Clients, 'known'>
  apis: Apis
  audit: Audit
  clock: Clock
  random: RandomBytes
}): Promise<ClientTokens> {
  const { database, clients, apis, audit } = options
  const hmac = createHmacSha256(await openClientTokenKey(options))

  // The version comes first, because it cannot hold the line break that ends it.
  const digest = (id: string, version: number) => hmac(`${version}\n${id}`).subarray(0, 16)

  const textOf: ClientTokens['textOf'] = ({ id, clientTokenVersion }) =>
    `MG|${id}|${digest(id, clientTokenVersion).toString('hex')}`

  const possibleScopesOf: ClientTokens['possibleScopesOf'] = ({ scopes }) =>
    scopes.filter((scope) => {
      const api = apis.ofScope(scope)
      if (api === null || api.id === 'management') return false
      // Nobody who sees the token in a page is let change map data (`access/scopes/rights.ts`).
      return api.id !== 'maps' || scope === 'read'
    })

  const scopesOf: ClientTokens['scopesOf'] = (client) => {
    const possible = possibleScopesOf(client)
    return (client.clientTokenScopes ?? DEFAULT_SCOPES).filter((scope) => possible.includes(scope))
  }

  function judge(client: Client | null, presented: Buffer): VerifiedClientToken | null {
    if (!client || !timingSafeEqual(presented, digest(client.id, client.clientTokenVersion))) {
      return null
    }
    if (client.suspended || client.customerSuspended) return null
    return { client, scopes: scopesOf(client) }
  }

  return {
    textOf,
    scopesOf,
    possibleScopesOf,

    verify(text) {
      const [, id, hex] = SHAPE.exec(text) ?? []
      if (id === undefined || hex === undefined) return null
      const presented = Buffer.from(hex, 'hex')
      const client = clients.known(id)
      return client instanceof Promise
        ? client.then((found) => judge(found, presented))
        : judge(client, presented)
    },

    regenerate: (actor, clientId) =>
      database.write(async (write) => {
        const counted = await write.query
          .updateTable('clients')
          .set((row) => ({ client_token_version: row('client_token_version', '+', 1) }))
          .where('id', '=', clientId)
          .returning(['id', 'customer_id', 'client_token_version'])
          .executeTakeFirst()
        if (!counted) return null
        write.announce('client', counted.id)
        audit.record(write, actor, {
          action: 'client-token.regenerate',
          object: { kind: 'client', id: counted.id },
          customerId: counted.customer_id,
          details: { version: counted.client_token_version },
        })
        return textOf({ id: counted.id, clientTokenVersion: counted.client_token_version })
      }),
  }
}
