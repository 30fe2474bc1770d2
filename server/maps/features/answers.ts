import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Collection } from '../../access/collections/collection.ts'
import type { Clock } from '../../lib/clock.ts'
import { allowCaching, isFresh, tagOf, tagOfParts } from './caching.ts'
import { GEOJSON, type Link, licenceLinks } from './links.ts'

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

/** @param etag of the feature as the store has it, for `If-Match` too */
export function sendFeature(
  request: FastifyRequest,
  reply: FastifyReply,
  options: {
    collection: Collection
    feature: string
    etag: string
    links: readonly Link[]
  },
): FastifyReply {
  const { collection, feature, etag, links } = options
  allowCaching(request, reply, [collection])
  if (isFresh(request, reply, `"${etag}"`)) return reply
  const { attribution } = collection
  return sendGeoJson(
    reply,
    withMembers(feature, { attribution, links: [...links, ...licenceLinks(collection)] }),
  )
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
