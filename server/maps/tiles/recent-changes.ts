import { type Box, boxesIntersect, boxUnion } from '../../geo/box.ts'
import type { MapChange } from '../store/changes.ts'

/**
 * The last changes of each collection, for asking whether one of them touches a tile. Of a collection
 * with very many, and of all together, old ones are forgotten; they then count as touching everything.
 */
export interface RecentChanges {
  /** In the order of revisions. */
  add(change: MapChange): void
  /** @param since only changes after this revision */
  haveTouched(collectionId: string, places: readonly Box[], since: number): boolean
  /** Nothing is known of what happened up to this revision. */
  forgetAll(revision: number): void
}

export function createRecentChanges(
  maximum: { ofCollection: number; ofAll: number } = MAXIMUM_BOXES,
): RecentChanges {
  const collections = new Map<string, Changes>()
  let boxes = 0
  let forgottenUntil = 0
  let newest = 0

  function forgetOld(changes: Changes, left: number): void {
    let forgotten = 0
    while (changes.boxes > left) {
      const { boxes: gone, revision } = changes.list[forgotten++]!
      changes.boxes -= gone.length
      boxes -= gone.length
      changes.forgottenUntil = revision
    }
    changes.list.splice(0, forgotten)
  }

  function forgetAll(revision: number): void {
    collections.clear()
    boxes = 0
    forgottenUntil = revision
    newest = Math.max(newest, revision)
  }

  return {
    add({ collectionId, revision, boxes: touched }) {
      newest = revision
      const changes = collections.get(collectionId) ?? { list: [], boxes: 0, forgottenUntil: 0 }
      collections.set(collectionId, changes)
      if (touched === null) {
        forgetOld(changes, 0)
        changes.forgottenUntil = revision
        return
      }
      if (touched.length === 0) return
      const few = touched.length > MANY_BOXES ? [touched.reduce(boxUnion)] : touched
      changes.list.push({ revision, boxes: few })
      changes.boxes += few.length
      boxes += few.length
      if (changes.boxes > maximum.ofCollection) forgetOld(changes, maximum.ofCollection / 2)
      if (boxes > maximum.ofAll) forgetAll(newest)
    },

    haveTouched(collectionId, places, since) {
      if (since < forgottenUntil) return true
      const changes = collections.get(collectionId)
      if (!changes) return false
      if (since < changes.forgottenUntil) return true
      // The newest are last, and mostly few are newer.
      for (let index = changes.list.length - 1; index >= 0; index--) {
        const change = changes.list[index]!
        if (change.revision <= since) return false
        if (places.some((box) => change.boxes.some((each) => boxesIntersect(each, box))))
          return true
      }
      return false
    },

    forgetAll,
  }
}

interface Changes {
  /** Oldest first. */
  list: { revision: number; boxes: readonly Box[] }[]
  /** Of all of them. */
  boxes: number
  forgottenUntil: number
}

/** More boxes of one change are taken for one around all of them. */
const MANY_BOXES = 32

/** 4,000 are compared with a tile in some hundredths of a millisecond; each takes about 100 bytes. */
const MAXIMUM_BOXES = { ofCollection: 4_000, ofAll: 50_000 }
