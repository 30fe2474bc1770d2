import type { IncomingHttpHeaders } from 'node:http'
import type { Collection } from '../../access/collections/collection.ts'
import type { Caller } from '../../access/tokens/access-token.ts'
import { matchesWeakly } from '../features/caching.ts'
import type { DrawnTile, TileBody } from './tile-cache.ts'
import { VECTOR_TILE } from './tilesets.ts'

/** What is answered for a tile, whichever way the request came. */
export interface TileAnswer {
  status: 200 | 204 | 304
  /** Names and values in turn. */
  headers: string[]
  body: TileBody | null
}

/**
 * Compressed for those who take that. Only what anybody sees without a token may be kept by shared
 * caches; what a token saw is its own, and asked for again each time.
 * @param asked headers of the request
 */
export function answerOf(
  { bytes, gzip, etag, thinned }: DrawnTile,
  { visibility }: Collection,
  caller: Caller | null,
  asked: Pick<IncomingHttpHeaders, 'accept-encoding' | 'if-none-match'>,
): TileAnswer {
  const shared = caller === null && visibility === 'open'
  const headers = [
    'cache-control',
    shared ? 'public, max-age=60' : 'private, no-cache',
    'vary',
    'Authorization, Accept-Encoding',
  ]
  if (bytes === null) return { status: 204, headers, body: null }
  if (thinned) headers.push('mapgate-thinned', thinned)
  headers.push('etag', etag)
  const known = asked['if-none-match']
  if (known !== undefined && matchesWeakly(known, etag)) return { status: 304, headers, body: null }
  headers.push('content-type', VECTOR_TILE)
  if (gzip === null || !takesGzip(asked['accept-encoding'])) {
    return { status: 200, headers, body: bytes }
  }
  headers.push('content-encoding', 'gzip')
  return { status: 200, headers, body: gzip }
}

/** RFC 9110 §12.5.3: a weight of 0 refuses a coding. */
export function takesGzip(header: string | string[] | undefined): boolean {
  if (header === undefined) return false
  // Of most clients; the next lines are longer than all else that a tile at hand needs.
  if (header === 'gzip' || header === 'gzip, deflate, br' || header === 'gzip, deflate, br, zstd') {
    return true
  }
  let any = false
  for (const part of String(header).split(',')) {
    const [coding, ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/)
    const refused = parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter))
    if (coding === 'gzip' || coding === 'x-gzip') return !refused
    if (coding === '*') any = !refused
  }
  return any
}
