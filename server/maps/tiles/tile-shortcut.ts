import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Caller } from '../../access/tokens/access-token.ts'
import { parseTile } from '../../geo/tile.ts'
import type { ProtectedAccess } from '../../http/route.ts'
import type { Shortcut } from '../../http/shortcut.ts'
import { atHand } from '../../lib/at-hand.ts'
import { viewOf } from '../store/seen.ts'
import { answerOf } from './tile-answer.ts'
import type { Tiles } from './tiles.ts'

/** Tiles that are kept, by z, x and y, with all properties. */
export function tileShortcut(options: {
  /** Of the path, up to the collection. */
  prefix: string
  endpoint: string
  access: ProtectedAccess
  tiles: Tiles
  scopeOf: (caller: Caller) => AccessScope | Promise<AccessScope>
}): Shortcut {
  const { prefix, endpoint, access, tiles, scopeOf } = options
  return {
    endpoint,
    access,
    match(url) {
      if (!url.startsWith(prefix)) return null
      const [, id, z, x, y] = PLAIN.exec(url.slice(prefix.length)) ?? []
      const parsed = y === undefined ? null : parseTile(z!, x!, y)
      if (parsed?.kind !== 'tile') return null
      return (caller, headers) => {
        const scope = atHand(scopeOf(caller))
        const collection = scope && viewOf(scope, id!)?.collection
        const drawn = collection && tiles.atHand(scope, collection, parsed.tile)
        return drawn ? answerOf(drawn, collection, caller, headers) : null
      }
    },
  }
}

/** An id that stands for itself, zoom, column and row. */
const PLAIN = /^([\w.~-]+)\/(\d+)\/(\d+)\/(\d+)\.pbf$/
