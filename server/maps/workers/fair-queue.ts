/**
 * Items that wait, taken in turns over callers: whoever has many waiting delays himself. An item may
 * have a place with several callers and comes with the first; then all its places are free again.
 *
 * Nothing is known of callers who have none waiting, so there are never more than places.
 */
export interface FairQueue<Item> {
  isEmpty(): boolean
  /** Gives the item a place behind this caller's others. @returns false: there is no room */
  add(item: Item, caller: string): boolean
  /** Gives an item that waits another place, if there is room. */
  share(item: Item, caller: string): void
  /** The first item of the caller whose turn it is; undefined: none waits. */
  take(): Item | undefined
}

/**
 * Places, of one caller and of all. Nobody takes more of them than are left, so that a few callers who
 * ask for very much leave room for others.
 */
export interface Room {
  ofOne: number
  ofAll: number
}

export function createFairQueue<Item>(room: Room): FairQueue<Item> {
  /** Whose turn comes next, first. */
  const itemsOf = new Map<string, Set<Item>>()
  const callersOf = new Map<Item, string[]>()
  let places = 0

  function add(item: Item, caller: string): boolean {
    const items = itemsOf.get(caller) ?? new Set()
    if (items.has(item)) return true
    if (items.size >= Math.min(room.ofOne, room.ofAll - places)) return false
    places++
    itemsOf.set(caller, items.add(item))
    const callers = callersOf.get(item)
    if (callers) callers.push(caller)
    else callersOf.set(item, [caller])
    return true
  }

  function remove(item: Item): void {
    for (const caller of callersOf.get(item)!) {
      const items = itemsOf.get(caller)!
      items.delete(item)
      if (items.size === 0) itemsOf.delete(caller)
      places--
    }
    callersOf.delete(item)
  }

  return {
    isEmpty: () => places === 0,
    add,
    share(item, caller) {
      if (callersOf.has(item)) add(item, caller)
    },
    take() {
      for (const [caller, items] of itemsOf) {
        // To the end.
        itemsOf.delete(caller)
        itemsOf.set(caller, items)
        for (const item of items) {
          remove(item)
          return item
        }
      }
      return undefined
    },
  }
}
