import type { Client } from '../clients/client.ts'
import type { Caller } from '../tokens/access-token.ts'

/**
 * Who may see and manage a client and its secrets, by the token that calls. `operate` may do
 * everything; `manage` what concerns its own customer, as far as nobody becomes more powerful by it;
 * a client with any token sees itself, and with one that is not narrowed it manages its own secrets.
 */

/** What of a client matters to who may manage it. */
export type ManagedClient = Pick<Client, 'id' | 'customerId' | 'scopes'>

/** The scopes that give power over clients: whoever gets a secret of such a client gets the power. */
const MANAGEMENT_SCOPES = ['manage', 'operate']

/** Whether the caller may know that the client exists. */
export function maySee(caller: Caller, client: ManagedClient): boolean {
  return caller.clientId === client.id || ofManagedCustomer(caller, client)
}

/** Whether the caller may list, create, roll and delete the client's secrets. */
export function mayManageSecrets(caller: Caller, client: ManagedClient): boolean {
  const self = caller.clientId === client.id && !caller.narrowed
  return self || mayManageClient(caller, client)
}

/**
 * Whose secrets go along when the caller deletes one of `client` with all that were created with it:
 * for a client's own secret its own alone, for another's those that it may manage, but its own.
 */
export function createdWithinReach(
  caller: Caller,
  client: ManagedClient,
): (owner: ManagedClient) => boolean {
  const self = caller.clientId === client.id
  return (owner) => (owner.id === caller.clientId) === self && mayManageSecrets(caller, owner)
}

/** Whether the caller may change, suspend and delete the client. */
export function mayManageClient(caller: Caller, client: ManagedClient): boolean {
  if (!ofManagedCustomer(caller, client)) return false
  return caller.scopes.includes('operate') || !client.scopes.some(isPowerBeyond(caller))
}

/**
 * The first of `scopes` that the caller may not give to a client; null: it may give them all. With
 * `manage` it gives no more than its own client has, and no power that its token lacks.
 * @param own the caller's own client
 */
export function findUngrantable(
  caller: Caller,
  own: Pick<Client, 'scopes'>,
  scopes: readonly string[],
): string | null {
  if (caller.scopes.includes('operate')) return null
  const beyond = isPowerBeyond(caller)
  return scopes.find((scope) => !own.scopes.includes(scope) || beyond(scope)) ?? null
}

function ofManagedCustomer(caller: Caller, client: ManagedClient): boolean {
  if (caller.scopes.includes('operate')) return true
  return caller.scopes.includes('manage') && caller.customerId === client.customerId
}

const isPowerBeyond = (caller: Caller) => (scope: string) =>
  MANAGEMENT_SCOPES.includes(scope) && !caller.scopes.includes(scope)
