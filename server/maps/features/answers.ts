import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Collection } from '../../access/collections/collection.ts'
import type { Clock } from '../../lib/clock.ts'
import { allowCaching, isFresh, tagOf, tagOfParts } from './caching.ts'
import { itemTag } from './item-tag.ts'
import {
  GEOJSON,
  GEOJSON_FIRST,
  itemPath,
  type Link,
  type LinkQuery,
  type Links,
  licenceLinks,
} from './links.ts'

/** Answers of features, which are GeoJSON text and stay text: parsing them would be most of the work. */

/** From how many characters on an answer is hashed piece by piece. */
const LONG = 250_000

/** @param features each GeoJSON text */
export async function sendFeatures(
  request: FastifyRequest,
  reply: FastifyReply,
  options: {
    collection: Collection
    features: readonly string[]
    /** Left out when it is not known. */
    numberMatched?: number | undefined
    links: readonly Link[]
    clock: Clock
  },
): Promise<FastifyReply> {
  const { collection, features, numberMatched, links, clock } = options
  const head = JSON.stringify({
    type: 'FeatureCollection',
    numberReturned: features.length,
    numberMatched,
    attribution: collection.attribution,
    links: [...links, ...licenceLinks(collection)],
  })
  const text = `${head.slice(0, -1)},"features":[${features.join(',')}]`
  const tag = text.length < LONG ? tagOf(text) : await tagOfParts([head, ...features])
  allowCaching(request, reply, [collection])
  // Weak (RFC 9110 §8.8.1): the same features, whatever `timeStamp` says.
  if (isFresh(request, reply, `W/"${tag}"`)) return reply
  const timeStamp = new Date(clock.now()).toISOString()
  return sendGeoJson(reply, `${text},"timeStamp":"${timeStamp}"}`)
}

/** @param more `membersBeside` it */
export function sendFeature(
  request: FastifyRequest,
  reply: FastifyReply,
  options: { collection: Collection; feature: string; etag: string; more: string },
): FastifyReply {
  const { collection, feature, etag, more } = options
  allowCaching(request, reply, [collection])
  if (isFresh(request, reply, `"${itemTag(etag, more)}"`)) return reply
  return sendGeoJson(reply, `${feature.slice(0, -1)},${more.slice(1)}`)
}

/**
 * What an answer has beside a feature.
 * @returns a JSON object as text
 */
export function membersBeside(
  featureId: string,
  options: { collection: Collection; links: Links; query: LinkQuery },
): string {
  const { collection, links, query } = options
  return JSON.stringify({
    attribution: collection.attribution,
    links: [
      ...links.variants(itemPath(collection.id, featureId), GEOJSON_FIRST, query),
      links.collection(collection, query),
      ...licenceLinks(collection),
    ],
  })
}

/** JSON that is about collections. */
export function sendJson(
  request: FastifyRequest,
  reply: FastifyReply,
  options: { text: string; collections: readonly Collection[]; type?: string; tag?: string },
): FastifyReply {
  const { text, collections, type = 'application/json', tag = tagOf(text) } = options
  allowCaching(request, reply, collections)
  if (isFresh(request, reply, `"${tag}"`)) return reply
  return sendText(reply, type, text)
}

/** Adds members to a JSON object that is text. */
export function withMembers(object: string, members: Record<string, unknown>): string {
  return `${object.slice(0, -1)},${JSON.stringify(members).slice(1)}`
}

const sendGeoJson = (reply: FastifyReply, text: string) => sendText(reply, GEOJSON, text)

/**
 * As it is: without a serializer Fastify would add a charset, which the media types do not have
 * (RFC 7946 §12). Not as bytes: a text goes out with its head in one piece, which costs less.
 */
function sendText(reply: FastifyReply, type: string, text: string): FastifyReply {
  return reply.header('content-type', type).serializer(unchanged).send(text)
}

const unchanged = (text: unknown) => text as string
