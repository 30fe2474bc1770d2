import type { Role } from '../accounts/account.ts'
import type { Client } from '../clients/client.ts'

/**
 * What a person may do for a customer by their role there: owners everything, admins everything but
 * what concerns owners, developers the applications, viewers look. Whoever manages a client gets its
 * power through its secrets, so nobody manages one that is more powerful than they are.
 */

/** Whether they may register applications and manage those without power of their own. */
export function mayRegister(role: Role): boolean {
  return role !== 'viewer'
}

/** Whether they may change and delete the client, and see and make its secrets and its client token. */
export function mayManageApplication(
  role: Role,
  client: Pick<Client, 'scopes' | 'registration'>,
): boolean {
  if (client.scopes.includes('operate')) return false
  // Its own document says what it is: changes would be lost at the next fetch.
  if (client.registration === 'metadata-document') return false
  if (client.scopes.includes('manage')) return mayManageMembers(role)
  return mayRegister(role)
}

/** Whether they may see, invite, change and remove members. */
export function mayManageMembers(role: Role): boolean {
  return role === 'owner' || role === 'admin'
}

/** Whether they may give that role, or take it from whoever has it. */
export function mayGiveRole(own: Role, role: Role): boolean {
  return own === 'owner' || (own === 'admin' && role !== 'owner')
}
