import type { Actor } from '../../access/audit/actor.ts'
import type { Audit } from '../../access/audit/audit.ts'
import type { Collections } from '../../access/collections/collections.ts'
import type { Database } from '../../database/database.ts'

/**
 * Tells the audit log of an import that is done. Map data lives apart, so this cannot share its
 * transaction: a process that is killed in between leaves an import that the log does not have.
 */
export async function recordImport(
  { database, audit, collections }: { database: Database; audit: Audit; collections: Collections },
  actor: Actor,
  collectionId: string,
  { features, faults }: { features: number; faults: number },
): Promise<void> {
  await database.write(async (write) => {
    audit.record(write, actor, {
      action: 'collection.import',
      object: { kind: 'collection', id: collectionId },
      customerId: collections.known(collectionId)?.customerId ?? null,
      details: { features, faults },
    })
  })
}
