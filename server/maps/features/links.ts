import type { Collection } from '../store/map-store.ts'

/** A link as in OGC API - Features (17-069r4 §7.2, after RFC 8288). */
export interface Link {
  rel: string
  href: string
  type: string
  title?: string
}

type Query = Record<string, string | number | undefined>

const JSON_TYPE = 'application/json'
export const GEOJSON = 'application/geo+json'

/**
 * Makes absolute links below `baseUrl`. They repeat the query they are given: a token that came in
 * the query goes on in it, because such clients follow links as they are, and no other ever appears.
 */
export function createLinks(baseUrl: string) {
  function to(rel: string, path: string, type: string, query: Query = {}): Link {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, String(value))
    }
    const text = parameters.size > 0 ? `?${parameters.toString()}` : ''
    return { rel, href: `${baseUrl}${path}${text}`, type }
  }

  function collectionLink(rel: string, { id }: Collection, query: Query): Link {
    return to(rel, `/collections/${encodeURIComponent(id)}`, JSON_TYPE, tokenOf(query))
  }

  return {
    to,
    at: (rel: string, href: string, type: string): Link => ({ rel, href, type }),
    /** From features to their collection. */
    collection: (collection: Collection, query: Query) =>
      collectionLink('collection', collection, query),
    /** From a collection to itself and what belongs to it. */
    ofCollection: (collection: Collection, query: Query): Link[] => [
      collectionLink('self', collection, query),
      to(
        'items',
        `/collections/${encodeURIComponent(collection.id)}/items`,
        GEOJSON,
        tokenOf(query),
      ),
      licenceLink(collection),
    ],
  }
}

export function licenceLink({ licence }: Collection): Link {
  return { rel: 'license', href: licence.url, type: 'text/html', title: licence.name }
}

function tokenOf(query: Query): Query {
  return { access_token: query['access_token'] }
}
