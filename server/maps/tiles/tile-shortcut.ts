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
    match(path) {
      if (!path.startsWith(prefix)) return null
      const [id, z, x, file, ...more] = path.slice(prefix.length).split('/')
      if (!file?.endsWith('.pbf') || more.length > 0 || !PLAIN.test(id!)) return null
      const parsed = parseTile(z!, x!, file.slice(0, -'.pbf'.length))
      if (parsed.kind === 'invalid') return null
      return (caller, headers) => {
        const scope = atHand(scopeOf(caller))
        const collection = scope && viewOf(scope, id!)?.collection
        const drawn = collection && tiles.atHand(scope, collection, parsed.tile)
        return drawn ? answerOf(drawn, collection, caller, headers) : null
      }
    },
  }
}

/** Stands for itself in a path. */
const PLAIN = /^[\w.~-]+$/
