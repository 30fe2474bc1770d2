import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import { parseBoxes } from '../../geo/box.ts'
import type { Cursors } from '../../maps/features/cursor.ts'
import type { MapStore } from '../../maps/store/map-store.ts'
import { badParameter, notFound } from '../../protocol/problem.ts'

/** What the endpoints read from. */
export interface MapData {
  store: MapStore
  /** What the caller of this request may see. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  /** Keys would tell how many features are not seen. */
  cursors: Cursors
}

/** Query parameters that all lists take. */
export const pageParameters = {
  bbox: Type.Optional(
    Type.String({ description: '`west,south,east,north` in degrees: only what lies in this box.' }),
  ),
  page: Type.Optional(
    Type.String({
      description: '`nextPage` of the answer before; absent: the first page.',
    }),
  ),
}

/**
 * A page of a collection's features, as text, and `nextPage`.
 * @throws Problem 400 naming `bbox` or `page`, 404
 */
export async function findPage(
  { store, cursors }: MapData,
  scope: AccessScope,
  collectionId: string,
  query: { bbox?: string; page?: string; limit: number },
): Promise<{ features: string[]; nextPage: string | null }> {
  const { bbox, page, limit } = query
  const parsed = bbox === undefined ? null : parseBoxes(bbox)
  if (parsed?.kind === 'invalid') throw badParameter('bbox', parsed.detail)
  const after = page === undefined ? 0 : cursors.open(collectionId, page)
  if (after === null) throw badParameter('page', 'is not the nextPage of an answer')
  const { features, next } = present(
    await store.items(scope, collectionId, {
      limit,
      after,
      ...(parsed && { boxes: parsed.boxes }),
    }),
  )
  return { features, nextPage: next === null ? null : cursors.seal(collectionId, next) }
}

/** Ids come from the URL, and Postgres takes no NUL in a text. */
export const idParameter = Type.String({ pattern: '^[^\\u0000]{1,200}$' })

export const source = {
  attribution: Type.String({ description: 'To be shown wherever the data is.' }),
  licence: Type.Union([Type.Object({ name: Type.String(), url: Type.String() }), Type.Null()]),
}

/**
 * Where the data of an answer comes from.
 * @throws Problem 404 when the installation does not have the collection
 */
export function sourceOf(
  scope: AccessScope,
  collectionId: string,
): Pick<Collection, 'attribution' | 'licence'> {
  const { attribution, licence } = present(scope.collection(collectionId))
  return { attribution, licence }
}

/** @throws Problem 404 */
export function present<Value>(value: Value | null): Value {
  if (value === null) throw notFound('Resource not found')
  return value
}
