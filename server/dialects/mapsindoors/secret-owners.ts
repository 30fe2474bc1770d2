import type { Client } from '../../access/clients/client.ts'
import type { Clients } from '../../access/clients/clients.ts'
import { isUsable, secretState } from '../../access/secrets/client-secret.ts'
import { mayManageSecrets, maySee } from '../../access/secrets/management-rights.ts'
import type { SecretVerification } from '../../access/secrets/secret-verification.ts'
import type { Caller } from '../../access/tokens/access-token.ts'
import type { Clock } from '../../lib/clock.ts'
import { badParameter, forbidden, notFound } from '../../protocol/problem.ts'

/**
 * Whose secrets a request is about. MapsIndoors names only the customer, because there a script has
 * one client; here an admin may see several. What the caller may not see is a 404 like what does not
 * exist; what it sees and may not manage is a 403 (`access/secrets/management-rights.ts`).
 */
export interface SecretOwners {
  /** The named client, or all of the customer's that the caller manages. */
  findAll(caller: Caller, customerId: string, clientId: string | null): Promise<Client[]>
  /** The named client, or the only one there is. */
  getOne(caller: Caller, customerId: string, clientId: string | null): Promise<Client>
  /** The client that has the secret; after the end of the caller's own secret only the caller. */
  getOwner(caller: Caller, customerId: string, secretId: string): Promise<Client>
}

/** A list of more clients' secrets than these must name the client. */
const MAXIMUM_CLIENTS = 100

export function createSecretOwners({
  clients,
  secretVerification,
  clock,
}: {
  clients: Clients
  secretVerification: SecretVerification
  clock: Clock
}): SecretOwners {
  /** The customer's clients that the caller sees; one that is no admin sees itself. */
  async function seen(caller: Caller, customerId: string): Promise<Client[]> {
    const own = await clients.find(caller.clientId)
    const some = await clients.list({ customerId, after: null, limit: MAXIMUM_CLIENTS + 1 })
    const found = some.filter((client) => client.id !== own?.id && maySee(caller, client))
    if (own?.customerId === customerId) found.push(own)
    if (found.length === 0) throw notFound('There is no such customer.')
    return found
  }

  async function getNamed(caller: Caller, customerId: string, id: string): Promise<Client> {
    const client = await clients.find(id)
    if (client?.customerId !== customerId || !maySee(caller, client)) {
      throw notFound('The customer has no such client.')
    }
    return client
  }

  /** A token outlives its secret to clean up after its own client, and for nothing else. */
  async function hasEnded({ secretId }: Caller): Promise<boolean> {
    if (secretId === null) return false
    const secret = await secretVerification.find(secretId)
    return !secret || !isUsable(secretState(secret, clock.now()))
  }

  return {
    async findAll(caller, customerId, clientId) {
      requireClient(caller)
      const found =
        clientId === null
          ? await seen(caller, customerId)
          : [await getNamed(caller, customerId, clientId)]
      if (found.length > MAXIMUM_CLIENTS) {
        throw badParameter('client_id', 'is needed, because the customer has too many clients')
      }
      const managed = found.filter((client) => mayManageSecrets(caller, client))
      if (managed.length === 0) throw forbidden(NOT_MANAGED)
      return managed
    },

    async getOne(caller, customerId, clientId) {
      requireClient(caller)
      if (clientId !== null) return managedBy(caller, await getNamed(caller, customerId, clientId))
      const [sole, ...others] = await seen(caller, customerId)
      if (others.length > 0) {
        throw badParameter('client_id', 'is needed, because the customer has several clients')
      }
      return managedBy(caller, sole!)
    },

    async getOwner(caller, customerId, secretId) {
      requireClient(caller)
      const secret = await secretVerification.find(secretId)
      const client = secret && (await clients.find(secret.clientId))
      if (!client || client.customerId !== customerId || !maySee(caller, client)) {
        throw notFound('The customer has no such secret.')
      }
      if (client.id !== caller.clientId && (await hasEnded(caller))) throw forbidden(CREATOR_ENDED)
      return managedBy(caller, client)
    },
  }
}

/** Whoever signs in to a client must not manage it. */
function requireClient({ kind }: Caller): void {
  if (kind !== 'client') throw forbidden(NOT_MANAGED)
}

function managedBy(caller: Caller, client: Client): Client {
  if (!mayManageSecrets(caller, client)) throw forbidden(NOT_MANAGED)
  return client
}

export const CREATOR_ENDED = 'The secret that the token was obtained with has ended.'

const NOT_MANAGED = 'The access token may not manage the secrets of the client.'
