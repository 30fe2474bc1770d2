import type { FastifyInstance, FastifyRequest } from 'fastify'
import { badParameter, Problem } from '../../protocol/problem.ts'
import { CRS84 } from './items-query.ts'

/**
 * Bodies of features: JSON text under one of the media types that a route takes, in UTF-8, no larger
 * and no more deeply nested than any feature is.
 */
const MAXIMUM_BODY_BYTES = 10 * 1_024 * 1_024

/** A batch, a feature, its geometry, the polygons, their rings, positions: what remains is for properties. */
const MAXIMUM_DEPTH = 64

/** What bodies of new features may be called. */
export const FEATURE_TYPES = ['application/geo+json', 'application/json']
export const PATCH_TYPES = ['application/merge-patch+json', ...FEATURE_TYPES]

/** Takes any body as bytes: `readJson` judges it. */
export function acceptBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: MAXIMUM_BODY_BYTES },
    (_request, body, done) => done(null, body),
  )
}

/**
 * @throws Problem 400 for what is not JSON, has no media type or another reference system, 415 for
 * another media type
 */
export function readJson(request: FastifyRequest, types: readonly string[]): unknown {
  requireType(request.headers['content-type'], types)
  requireNoEncoding(request.headers['content-encoding'])
  const crs = request.headers['content-crs']
  // 20-002r1, /req/features/crs-crs84
  if (crs !== undefined && crs !== `<${CRS84}>` && crs !== CRS84) {
    throw badParameter('Content-Crs', `must be <${CRS84}>`)
  }
  const text = textOf(request.body)
  if (isTooDeep(text))
    throw badParameter('body', `is nested more than ${MAXIMUM_DEPTH} levels deep`)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw badParameter('body', 'is not JSON')
  }
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

function textOf(body: unknown): string {
  if (!Buffer.isBuffer(body) || body.length === 0) throw badParameter('body', 'is empty')
  try {
    return utf8.decode(body)
  } catch {
    throw badParameter('body', 'is not UTF-8')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Before parsing, because what comes after goes down into it. Brackets in texts do not count. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let inText = false
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        inText = !inText
        break
      case BACKSLASH:
        if (inText) index++
        break
      case OPEN_BRACKET:
      case OPEN_BRACE:
        if (!inText && ++depth > MAXIMUM_DEPTH) return true
        break
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        if (!inText) depth--
        break
    }
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
