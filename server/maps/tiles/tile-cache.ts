import { LRUCache } from 'lru-cache'
import { type Box, boxesIntersect, boxUnion } from '../../geo/box.ts'
import type { MapChange } from '../store/changes.ts'
import type { MapStore } from '../store/map-store.ts'
import type { Thinned } from './render.ts'

/** A tile as it is sent. */
export interface DrawnTile {
  /** null: nothing is in it. */
  bytes: Buffer | null
  gzip: Buffer | null
  etag: string
  thinned: Thinned | null
}

/** What is drawn, and when it was. */
export interface Drawing {
  tile: DrawnTile
  /** Nothing that happened up to here is missing. */
  revision: number
}

/**
 * Drawn tiles, bounded by their bytes. Before one is given the store is asked what changed: a change
 * takes away the tiles it touches, an import all of its collection. A drawing that a change overtook
 * is given to those who asked before it, and not kept.
 */
export interface TileCache {
  /**
   * @param key of all that the drawing depends on, except what is stored
   * @param box of the tile with its buffer
   * @param draw must see what has happened up to this revision
   */
  find(
    tile: { key: string; collectionId: string; box: Box },
    draw: (revision: number) => Promise<Drawing>,
  ): Promise<DrawnTile>
}

export function createTileCache(options: {
  store: Pick<MapStore, 'changesSince'>
  /** 0: none is kept. */
  maximumBytes: number
}): TileCache {
  const { store, maximumBytes } = options
  const places = new Map<string, Map<string, Box>>()
  const kept =
    maximumBytes === 0
      ? null
      : new LRUCache<string, Kept>({
          maxSize: maximumBytes,
          sizeCalculation: ({ tile }, key) =>
            OVERHEAD + 2 * key.length + (tile.bytes?.length ?? 0) + (tile.gzip?.length ?? 0),
          dispose: ({ collectionId }, key) => {
            const ofCollection = places.get(collectionId)
            if (ofCollection?.delete(key) && ofCollection.size === 0) places.delete(collectionId)
          },
        })
  const underWay = new Map<string, UnderWay>()
  /** Of which the changes have been taken into account; null: nobody has asked yet. */
  let revision: number | null = null
  /** All changes after `recentFrom`, oldest first. */
  let recent: MapChange[] = []
  let recentFrom = Infinity

  async function catchUp(): Promise<void> {
    const before = revision
    const news = before === null ? 'lost' : await store.changesSince(before)
    if (news === 'lost') return begin()
    // Another call may have been faster.
    const known = revision!
    if (news.revision <= known) return
    for (const change of news.changes) forget(change)
    recent.push(...news.changes.filter((change) => change.revision > known))
    revision = news.revision
    if (recent.length > MAXIMUM_RECENT) {
      const forgotten = recent.splice(0, recent.length - MAXIMUM_RECENT / 2)
      recentFrom = forgotten.at(-1)!.revision
    }
  }

  async function begin(): Promise<void> {
    const now = await store.changesSince(0)
    if (now === 'lost') throw new Error('the store does not know the revision of now')
    kept?.clear()
    underWay.clear()
    revision = now.revision
    recent = []
    recentFrom = revision
  }

  function forget(change: MapChange): void {
    for (const [key, box] of places.get(change.collectionId) ?? []) {
      if (touches(change, box)) kept?.delete(key)
    }
    for (const [key, drawing] of underWay) {
      if (drawing.collectionId === change.collectionId && touches(change, drawing.box)) {
        underWay.delete(key)
      }
    }
  }

  const isOvertaken = (place: Place, drawnAt: number) =>
    drawnAt < recentFrom ||
    recent.some(
      (change) =>
        change.revision > drawnAt &&
        change.collectionId === place.collectionId &&
        touches(change, place.box),
    )

  async function drawAndKeep(
    place: Place,
    draw: (revision: number) => Promise<Drawing>,
  ): Promise<DrawnTile> {
    const { tile, revision: drawnAt } = await draw(revision!)
    if (!kept) return tile
    await catchUp()
    if (isOvertaken(place, drawnAt)) return tile
    const { key, collectionId, box } = place
    kept.set(key, { tile, collectionId })
    if (kept.has(key)) {
      const ofCollection = places.get(collectionId) ?? new Map<string, Box>()
      places.set(collectionId, ofCollection.set(key, box))
    }
    return tile
  }

  return {
    async find(place, draw) {
      await catchUp()
      const found = kept?.get(place.key) ?? underWay.get(place.key)
      if (found) return found.tile
      const drawing: UnderWay = { ...place, tile: drawAndKeep(place, draw) }
      underWay.set(place.key, drawing)
      try {
        return await drawing.tile
      } finally {
        if (underWay.get(place.key) === drawing) underWay.delete(place.key)
      }
    },
  }
}

interface Place {
  key: string
  collectionId: string
  box: Box
}

interface Kept {
  tile: DrawnTile
  collectionId: string
}

interface UnderWay extends Place {
  tile: Promise<DrawnTile>
}

/** Of an entry, besides its key and its tile. */
const OVERHEAD = 600

/** Changes that are remembered for drawings that are under way. */
const MAXIMUM_RECENT = 2_000

/** More boxes of one change are taken for one around all of them. */
const MANY_BOXES = 32

function touches({ boxes }: MapChange, box: Box): boolean {
  if (boxes === null) return true
  if (boxes.length === 0) return false
  if (boxes.length > MANY_BOXES) return boxesIntersect(boxes.reduce(boxUnion), box)
  return boxes.some((each) => boxesIntersect(each, box))
}
