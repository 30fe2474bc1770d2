import { systemActor } from '../../access/audit/actor.ts'
import type { Client } from '../../access/clients/client.ts'
import type { Clients } from '../../access/clients/clients.ts'
import type { Customers } from '../../access/customers/customers.ts'

/** The public client that every MapsIndoors script names when a person logs in with a password. */
export const FIXED_CLIENT_ID = 'client'

/** The customer that owns it: nobody's. */
const CUSTOMER_ID = 'mapsindoors'

/**
 * Makes the fixed client where there is none yet. What an operator changed of it stays; a client that
 * had this id before is nobody's but its owner's, and has not the password grant.
 */
export async function createFixedClient({
  customers,
  clients,
}: {
  customers: Customers
  clients: Clients
}): Promise<Client> {
  const known = await clients.find(FIXED_CLIENT_ID)
  if (known) return known
  await customers.create(systemActor, { id: CUSTOMER_ID, name: 'MapsIndoors dialect' })
  await clients.create(systemActor, {
    id: FIXED_CLIENT_ID,
    customerId: CUSTOMER_ID,
    displayName: 'MapsIndoors scripts',
    description: 'The public client of the password login in the MapsIndoors dialect.',
    type: 'public',
    scopes: ['read', 'write'],
    grants: ['password'],
  })
  // Of nodes that start at once, one makes it.
  return (await clients.find(FIXED_CLIENT_ID))!
}
