import type { Collection } from '../access/collections/collection.ts'
import { wholeScope } from '../access/scopes/whole-scope.ts'
import type { Settings } from '../config/load.ts'
import type { CollectionState } from '../maps/store/collection-state.ts'
import { openMapStore } from '../maps/store/open.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import { lines, time } from './output.ts'
import { Refusal } from './run.ts'

/** What commands say of a collection, and of one that is not there. */

export const collectionLines = (collection: Collection, data?: CollectionData) =>
  lines({
    id: collection.id,
    title: collection.title,
    ...(collection.description !== '' && { description: collection.description }),
    customer: collection.customerId ?? 'the installation',
    visibility: collection.visibility,
    ...(collection.attribution !== '' && { attribution: collection.attribution }),
    ...(collection.licence && {
      licence: `${collection.licence.name}, ${collection.licence.url}`,
    }),
    ...(collection.madeOf !== null && { 'made of': collection.madeOf }),
    created: time(collection.createdAt),
    changed: time(collection.updatedAt),
    ...(data && {
      features: data.dimension === null ? '0' : `${data.featureCount} (${SHAPES[data.dimension]})`,
      properties: data.properties.join(', ') || 'none',
    }),
  })

const SHAPES = ['points', 'lines', 'polygons'] as const

/** What is in a collection. */
export interface CollectionData extends Pick<CollectionState, 'featureCount' | 'dimension'> {
  /** Their names. */
  properties: string[]
}

export async function dataOf(settings: Settings, collection: Collection): Promise<CollectionData> {
  await using store = await openMapStore(mapsLocation(settings, databaseLocation(settings)))
  const scope = wholeScope(() => [collection])
  const { featureCount, dimension, schema } = (await store.state(scope, collection.id))!
  return { featureCount, dimension, properties: schema.map(({ name }) => name) }
}

export function unknownCollection(id: string): never {
  throw new Refusal(
    'unknown-collection',
    `There is no collection “${id}” (mapgate collections list shows them).`,
  )
}
