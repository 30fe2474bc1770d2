import type { FastifyReply } from 'fastify'
import type { Static } from 'typebox'
import { GEOJSON, type Link, licenceLink } from './links.ts'
import type { collectionBody } from './schemas.ts'
import type { Collection } from '../store/map-store.ts'

/** A collection as it is shown. */
export function describe(
  { id, title, description, attribution, extent, geometryType, featureCount }: Collection,
  collectionLinks: Link[],
): Static<typeof collectionBody> {
  return {
    id,
    title,
    description,
    attribution,
    itemType: 'feature',
    geometryType,
    ...(featureCount !== null && { featureCount }),
    ...(extent && {
      extent: { spatial: { bbox: [[extent.west, extent.south, extent.east, extent.north]] } },
    }),
    links: collectionLinks,
  }
}

/** A page of features, each GeoJSON text. */
export function sendFeatures(
  reply: FastifyReply,
  collection: Collection,
  features: string[],
  featureLinks: Link[],
): FastifyReply {
  const head = JSON.stringify({
    type: 'FeatureCollection',
    numberReturned: features.length,
    attribution: collection.attribution,
    links: [...featureLinks, licenceLink(collection)],
  })
  return sendGeoJson(reply, `${head.slice(0, -1)},"features":[${features.join(',')}]}`)
}

/** One feature, GeoJSON text. */
export function sendFeature(
  reply: FastifyReply,
  collection: Collection,
  feature: string,
  featureLinks: Link[],
): FastifyReply {
  const { attribution } = collection
  const links = [...featureLinks, licenceLink(collection)]
  return sendGeoJson(reply, withMembers(feature, { attribution, links }))
}

/** Adds members to a JSON object that is text. */
export function withMembers(object: string, members: Record<string, unknown>): string {
  return `${object.slice(0, -1)},${JSON.stringify(members).slice(1)}`
}

function sendGeoJson(reply: FastifyReply, text: string): FastifyReply {
  // As bytes: to text Fastify would add a charset, which the media type does not have (RFC 7946 §12).
  return reply.header('content-type', GEOJSON).send(Buffer.from(text))
}
