import type { KnownMembership } from '../accounts/memberships.ts'
import { mayRegister } from '../applications/role-rights.ts'
import type { Client } from '../clients/client.ts'
import type { Collection } from '../collections/collection.ts'
import type { Subscription } from '../subscriptions/subscription.ts'
import type { Caller } from '../tokens/access-token.ts'

/**
 * Who may what on collections, before areas and details cut it: *read* is for all where a collection
 * is open, and otherwise for tokens with `read`, of public collections, those of the own customer,
 * and what the customer subscribes to. *write* needs `write`, and is for the own customer and who
 * subscribes to it. Only the owner gets at a private collection.
 */
export interface Rights {
  /** Whether the token has `read`, and whether it has `write`. */
  read: boolean
  write: boolean
  /** Whose collections and subscriptions count for reading. */
  readers: readonly string[]
  /** Whose count for writing: of these, they are fewer. */
  writers: readonly string[]
  /** Of the installation's own collections too. */
  operates: boolean
}

/** Without a token: open collections only. */
export const NOBODY: Rights = {
  read: false,
  write: false,
  readers: [],
  writers: [],
  operates: false,
}

/** @param memberships of the person it acts for, if it acts for one */
export function rightsOf(
  caller: Caller,
  client: Client,
  memberships: readonly KnownMembership[],
): Rights {
  const read = caller.scopes.includes('read')
  const write = caller.scopes.includes('write')
  switch (caller.kind) {
    case 'client-token':
      return { ...NOBODY, read }
    case 'client': {
      const own = [client.customerId]
      return {
        read,
        write,
        readers: own,
        writers: own,
        operates: client.scopes.includes('operate'),
      }
    }
    case 'account': {
      // A client that belongs to nobody was let in for one customer.
      const counting = caller.claims.shared
        ? memberships.filter(({ customerId }) => customerId === caller.customerId)
        : memberships
      return {
        read,
        write,
        readers: idsOf(counting),
        writers: idsOf(counting.filter(({ role }) => mayRegister(role))),
        operates: false,
      }
    }
  }
}

const idsOf = (memberships: readonly KnownMembership[]) =>
  memberships.map(({ customerId }) => customerId).sort()

/**
 * What the rights say of a collection.
 * @param live the subscriptions to it that hold now, of `readers`
 * @returns subscriptions, each with an area, of which any permits
 */
export function permittedBy(
  rights: Rights,
  collection: Collection,
  action: 'read' | 'write',
  live: readonly Subscription[],
): 'none' | 'all' | readonly Subscription[] {
  const { visibility, customerId } = collection
  if (action === 'read' && visibility === 'open') return 'all'
  if (!rights[action]) return 'none'
  if (action === 'read' && visibility === 'public') return 'all'
  const owners = action === 'read' ? rights.readers : rights.writers
  if (customerId === null ? rights.operates : owners.includes(customerId)) return 'all'
  if (visibility === 'private') return 'none'
  const counting = live.filter(
    (subscription) =>
      owners.includes(subscription.customerId) &&
      (action === 'read' || subscription.action === 'write'),
  )
  if (counting.length === 0) return 'none'
  return counting.some(({ areaId }) => areaId === null) ? 'all' : counting
}
