import type { Insertable, Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'
import type { Collection, CollectionChanges } from './collection.ts'

type CollectionRow = Selectable<Tables['collections']>

export function toCollection(row: CollectionRow): Collection {
  return {
    id: row.id,
    customerId: row.customer_id,
    visibility: row.visibility,
    title: row.title,
    description: row.description,
    attribution: row.attribution,
    licence:
      row.licence_name === null ? null : { name: row.licence_name, url: row.licence_url ?? '' },
    madeOf: row.made_of,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** Of what can be changed: the columns that hold it. */
export function columnsOf({
  visibility,
  title,
  description,
  attribution,
  licence,
  madeOf,
}: CollectionChanges): Partial<Insertable<Tables['collections']>> {
  return {
    ...(visibility !== undefined && { visibility }),
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(attribution !== undefined && { attribution }),
    ...(licence !== undefined && {
      licence_name: licence?.name ?? null,
      licence_url: licence?.url ?? null,
    }),
    ...(madeOf !== undefined && { made_of: madeOf }),
  }
}
