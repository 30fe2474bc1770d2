import { LRUCache } from 'lru-cache'
import type { Box } from '../../geo/box.ts'
import type { MapStore } from '../store/map-store.ts'
import { createRecentChanges } from './recent-changes.ts'
import type { Thinned } from './render.ts'

/** A tile as it is sent. */
export interface DrawnTile {
  /** null: nothing is in it. */
  bytes: TileBody | null
  gzip: TileBody | null
  etag: string
  thinned: Thinned | null
}

/**
 * Small ones are text of one byte a character: Node writes a head and a text at once, but a head and
 * bytes one after the other, which for small answers is most of the work.
 */
export type TileBody = Buffer | string

/** What is drawn, and when it was. */
export interface Drawing {
  tile: DrawnTile
  /** Nothing that happened up to here is missing. */
  revision: number
}

/**
 * Drawn tiles, bounded by their bytes. Before one is given the store is asked what changed, and the tile
 * is judged by what came after it: a change that touches it, or an import, and it is drawn again. So a
 * change costs nothing for all the tiles that nobody asks for. A drawing that a change overtook is
 * given to those who asked before it, and not kept.
 *
 * What several wait for is drawn once, as soon as it is the turn of one of them.
 */
export interface TileCache {
  /**
   * @param place with the caller, who takes turns with others
   * @param draw must see what has happened up to this revision
   */
  find(
    place: Place & { caller: string },
    draw: (revision: number) => StartedDrawing,
  ): Promise<DrawnTile>
  /** null: it is not kept, or not sure to be good. */
  atHand(place: Place): DrawnTile | null
}

export interface Place {
  /** Of all that the drawing depends on, except what is stored. */
  key: string
  collectionId: string
  /** Of the tile with its buffer. */
  boxes: readonly Box[]
}

export interface StartedDrawing {
  drawing: Promise<Drawing>
  /** Another caller waits for it too. */
  share(caller: string): void
}

export function createTileCache(options: {
  store: Pick<MapStore, 'changesSince' | 'revisionAtHand'>
  /** 0: none is kept. */
  maximumBytes: number
}): TileCache {
  const { store, maximumBytes } = options
  const kept =
    maximumBytes === 0
      ? null
      : new LRUCache<string, Kept>({
          maxSize: maximumBytes,
          sizeCalculation: ({ tile }, key) =>
            OVERHEAD + 2 * key.length + (tile.bytes?.length ?? 0) + (tile.gzip?.length ?? 0),
        })
  const underWay = new Map<string, UnderWay>()
  const recent = createRecentChanges()
  /** Of which the changes have been taken into account; null: nobody has asked yet. */
  let revision: number | null = null

  async function catchUp(): Promise<void> {
    const before = revision
    if (before !== null && store.revisionAtHand() === before) return
    const news = before === null ? 'lost' : await store.changesSince(before)
    if (news === 'lost') return begin()
    // Another call may have been faster.
    const known = revision!
    if (news.revision <= known) return
    for (const change of news.changes) if (change.revision > known) recent.add(change)
    revision = news.revision
  }

  async function begin(): Promise<void> {
    const now = await store.changesSince(0)
    if (now === 'lost') throw new Error('the store does not know the revision of now')
    kept?.clear()
    underWay.clear()
    revision = now.revision
    recent.forgetAll(revision)
  }

  /** Of all that is known by now nothing touches it. */
  const isGood = ({ collectionId, boxes }: Place, since: number) =>
    !recent.haveTouched(collectionId, boxes, since)

  function findKept(place: Place): DrawnTile | undefined {
    const found = kept?.get(place.key)
    if (!found) return undefined
    if (!isGood(place, found.revision)) {
      kept?.delete(place.key)
      return undefined
    }
    found.revision = revision!
    return found.tile
  }

  function findUnderWay(place: Place & { caller: string }): Promise<DrawnTile> | undefined {
    const found = underWay.get(place.key)
    if (!found || !isGood(place, found.revision)) return undefined
    found.share(place.caller)
    return found.tile
  }

  async function keep(place: Place, drawing: Promise<Drawing>): Promise<DrawnTile> {
    const { tile, revision: drawnAt } = await drawing
    if (!kept) return tile
    await catchUp()
    if (isGood(place, drawnAt)) kept.set(place.key, { tile, revision: revision! })
    return tile
  }

  return {
    async find(place, draw) {
      await catchUp()
      const found = findKept(place) ?? findUnderWay(place)
      if (found) return found
      const started = draw(revision!)
      const drawing: UnderWay = {
        tile: keep(place, started.drawing),
        share: started.share,
        revision: revision!,
      }
      underWay.set(place.key, drawing)
      try {
        return await drawing.tile
      } finally {
        if (underWay.get(place.key) === drawing) underWay.delete(place.key)
      }
    },

    atHand(place) {
      const now = store.revisionAtHand()
      return now !== null && now === revision ? (findKept(place) ?? null) : null
    },
  }
}

interface Kept {
  tile: DrawnTile
  /** No change up to here touches it. */
  revision: number
}

interface UnderWay {
  tile: Promise<DrawnTile>
  share: StartedDrawing['share']
  /** When it was asked for. */
  revision: number
}

/** Of an entry, besides its key and its tile. */
const OVERHEAD = 500
