import type { Collection, Visibility } from '../access/collections/collection.ts'
import { unknownCustomer } from './customers.ts'
import { misused, Refusal, type Session } from './run.ts'

/** What `mapgate import` says of a collection that it may have to create. */
export interface NewCollectionOptions {
  customer?: string
  title?: string
  description?: string
  attribution?: string
  licence?: string
  licenceUrl?: string
  visibility?: Visibility
}

/**
 * Creates the collection when there is none.
 * @returns `created`: null: it was there; `ignored`: options that say otherwise than it
 */
export async function prepareCollection(
  { access, actor }: Pick<Session, 'access' | 'actor'>,
  collectionId: string,
  options: NewCollectionOptions,
): Promise<{ created: Collection | null; ignored: string[] }> {
  await access.database.feed.ensureFresh()
  const { customer, visibility, description, attribution, licence, licenceUrl } = options
  const known = access.collections.known(collectionId)
  if (known) {
    if (customer === undefined || customer === known.customerId) {
      return { created: null, ignored: ignoredBy(known, options) }
    }
    throw new Refusal(
      'not-theirs',
      `Collection ${collectionId} is not one of customer ${customer}.`,
    )
  }
  if (customer === undefined) {
    misused(`there is no collection ${collectionId}: --customer says whose it will be`)
  }
  const outcome = await access.collections.create(actor, {
    id: collectionId,
    customerId: customer,
    title: options.title ?? collectionId,
    ...(visibility !== undefined && { visibility }),
    ...(description !== undefined && { description }),
    ...(attribution !== undefined && { attribution }),
    ...(licence !== undefined && { licence: { name: licence, url: licenceUrl! } }),
  })
  switch (outcome.kind) {
    case 'created':
      return { created: outcome.collection, ignored: [] }
    // Somebody else was quicker.
    case 'exists':
      return prepareCollection({ access, actor }, collectionId, options)
    case 'unknown-customer':
      return unknownCustomer(customer)
    case 'too-many':
      throw new Refusal('too-many', 'There are too many collections: delete some first.')
  }
}

function ignoredBy(known: Collection, options: NewCollectionOptions): string[] {
  const { title, description, attribution, visibility, licence, licenceUrl } = options
  const said = [
    ['--title', title, known.title],
    ['--description', description, known.description],
    ['--attribution', attribution, known.attribution],
    ['--licence', licence, known.licence?.name],
    ['--licence-url', licenceUrl, known.licence?.url],
    ['--visibility', visibility, known.visibility],
  ] as const
  return said.flatMap(([name, value, is]) => (value === undefined || value === is ? [] : [name]))
}
