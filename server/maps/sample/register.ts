import { systemActor } from '../../access/audit/actor.ts'
import type { Collection } from '../../access/collections/collection.ts'
import type { Collections } from '../../access/collections/collections.ts'
import type { Customers } from '../../access/customers/customers.ts'
import { sampleCollections } from './sample-data.ts'

/** Who owns the sample's counties, and lets others subscribe to them. */
export const ATLAS = { id: 'atlas', name: 'Atlas' }

/**
 * Registers the sample's collections where they are missing.
 * @returns those of them that are the sample's: an id that somebody else took first stays theirs
 */
export async function registerSampleCollections(access: {
  collections: Collections
  customers: Customers
}): Promise<Collection[]> {
  await access.customers.create(systemActor, ATLAS)
  const registered: Collection[] = []
  for (const { collection } of sampleCollections) {
    const known = access.collections.known(collection.id)
    if (known) {
      if (known.customerId === collection.customerId) registered.push(known)
      continue
    }
    const outcome = await access.collections.create(systemActor, collection)
    // Another process that starts at the same time may have been faster; then it imports too.
    if (outcome.kind === 'created') registered.push(outcome.collection)
  }
  return registered
}
