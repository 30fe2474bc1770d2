import type { Collection } from '../../access/collections/collection.ts'

/** A link as in OGC API - Features (17-069r4 §5.2, after RFC 8288). */
export interface Link {
  rel: string
  href: string
  type?: string
  title?: string
}

export type LinkQuery = Record<string, string | number | readonly string[] | undefined>

export const JSON_TYPE = 'application/json'
export const GEOJSON = 'application/geo+json'
export const HTML_TYPE = 'text/html'
export const SCHEMA_TYPE = 'application/schema+json'
export const OPENAPI_TYPE = 'application/vnd.oai.openapi+json;version=3.0'

/** Relations that have no short name at IANA (https://www.opengis.net/def/rel/ogc/1.0). */
const OGC_RELATION = 'http://www.opengis.net/def/rel/ogc/1.0/'

export type Links = ReturnType<typeof createLinks>

/**
 * Makes absolute links below `baseUrl`. They repeat the query they are given: a token that came in
 * the query goes on in it, because such clients follow links as they are, and no other ever appears.
 */
export function createLinks(baseUrl: string) {
  function to(
    rel: string,
    path: string,
    type: string,
    query: LinkQuery = {},
    title?: string,
  ): Link {
    // Joined, it is one piece, which becomes JSON in a third of the time that a rope takes.
    const href = [baseUrl, path, queryText(query)].join('')
    return { rel, href, type, ...(title !== undefined && { title }) }
  }

  /** The same as JSON and as HTML, and which of them this answer is (17-069r4 §7.13.2, §7.15.7). */
  function variants(path: string, types: Variants, query: LinkQuery): Link[] {
    return [
      to('self', path, types.self, query),
      to('alternate', path, types.alternate, { ...query, f: types.f }),
    ]
  }

  return {
    baseUrl,
    to,
    variants,
    /** From features to their collection. */
    collection: (collection: Collection, query: LinkQuery) =>
      to('collection', collectionPath(collection.id), JSON_TYPE, tokenOf(query)),
    /** From a collection to what belongs to it. */
    ofCollection(collection: Collection, query: LinkQuery): Link[] {
      const path = collectionPath(collection.id)
      const token = tokenOf(query)
      const id = encodeURIComponent(collection.id)
      return [
        ...variants(path, JSON_FIRST, token),
        to('items', `${path}/items`, GEOJSON, { ...token, f: 'json' }, 'Features as GeoJSON'),
        to('items', `${path}/items`, HTML_TYPE, { ...token, f: 'html' }, 'Features as pages'),
        to(`${OGC_RELATION}schema`, `${path}/schema`, SCHEMA_TYPE, token, 'Schema'),
        to(`${OGC_RELATION}queryables`, `${path}/queryables`, SCHEMA_TYPE, token, 'Filters'),
        to(`${OGC_RELATION}tilesets-vector`, `${path}/tiles`, JSON_TYPE, token, 'Vector tiles'),
        to('stylesheet', `/tiles/${id}/style.json`, JSON_TYPE, token, 'MapLibre style'),
        ...licenceLinks(collection),
      ]
    },
  }
}

export interface Variants {
  self: string
  alternate: string
  f: 'json' | 'html'
}

export const JSON_FIRST: Variants = { self: JSON_TYPE, alternate: HTML_TYPE, f: 'html' }
export const GEOJSON_FIRST: Variants = { self: GEOJSON, alternate: HTML_TYPE, f: 'html' }

export function licenceLinks({ licence }: Collection): Link[] {
  return licence
    ? [{ rel: 'license', href: licence.url, type: HTML_TYPE, title: licence.name }]
    : []
}

export function collectionPath(collectionId: string): string {
  return `/collections/${encodeURIComponent(collectionId)}`
}

export function itemPath(collectionId: string, featureId: string): string {
  return `${collectionPath(collectionId)}/items/${encodeURIComponent(featureId)}`
}

/** The token of the query, if it came there. */
export function tokenOf(query: LinkQuery): LinkQuery {
  return { access_token: query['access_token'] }
}

/** With its question mark; empty when there is nothing to ask. */
export function queryText(query: LinkQuery): string {
  let text = ''
  for (const name in query) {
    const value = query[name]
    if (value === undefined) continue
    text += `${text === '' ? '?' : '&'}${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`
  }
  return text
}
