import type { FastifyInstance, FastifyRequest } from 'fastify'
import { badParameter, Problem } from '../../protocol/problem.ts'
import { CRS84 } from './items-query.ts'
import { type JsonBody, splitBody } from './split-body.ts'

/** Bodies of features: JSON text under one of the media types that a route takes. */
const MAXIMUM_BODY_BYTES = 10 * 1_024 * 1_024

/** What bodies of new features may be called. */
export const FEATURE_TYPES = ['application/geo+json', 'application/json']
export const PATCH_TYPES = ['application/merge-patch+json', ...FEATURE_TYPES]

/** Takes any body as bytes: `readBody` judges it. */
export function acceptBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: MAXIMUM_BODY_BYTES },
    (_request, body, done) => done(null, body),
  )
}

/**
 * Others get their turn while it is read, however large it is.
 * @param most how many features there may be
 * @throws Problem 400 for what is no JSON object, has no media type or another reference system, 415 for
 * another media type
 */
export async function readBody(
  request: FastifyRequest,
  types: readonly string[],
  most: number,
): Promise<JsonBody> {
  requireType(request.headers['content-type'], types)
  requireNoEncoding(request.headers['content-encoding'])
  const crs = request.headers['content-crs']
  // 20-002r1, /req/features/crs-crs84
  if (crs !== undefined && crs !== `<${CRS84}>` && crs !== CRS84) {
    throw badParameter('Content-Crs', `must be <${CRS84}>`)
  }
  const { body } = request
  if (!Buffer.isBuffer(body) || body.length === 0) throw badParameter('body', 'is empty')
  return splitBody(body, most)
}

/** 20-002r1, /req/create-replace-delete/post-content-type */
function requireType(header: string | undefined, types: readonly string[]): void {
  if (header === undefined) throw badParameter('Content-Type', `must be ${types[0]}`)
  const type = header.split(';')[0]!.trim().toLowerCase()
  if (types.includes(type)) return
  throw new Problem(
    415,
    'Unsupported media type',
    `Content-Type: must be one of ${types.join(', ')}`,
    { members: { parameter: 'Content-Type' }, headers: { 'accept-post': types.join(', ') } },
  )
}

function requireNoEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding === 'identity') return
  throw new Problem(
    415,
    'Unsupported media type',
    'Content-Encoding: must be left out: the body is taken as it is',
    { members: { parameter: 'Content-Encoding' } },
  )
}
