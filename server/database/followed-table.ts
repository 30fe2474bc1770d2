import type { ChangeFeed } from './change-feed.ts'
import type { Topic } from './database.ts'

/** The rows of a small table, all in memory, as the change feed says they are. */
export interface FollowedTable<Item> {
  readonly items: ReadonlyMap<string, Item>
  /** Another one after each change. */
  readonly revision: number
}

/** Announced instead of each id where many rows change at once. */
export const ALL_ROWS = ''

/**
 * Reads the table and follows it from then on. The feed counts as read when this has read what
 * changed, so that with a fresh feed (`ChangeFeed.ensureFresh`) what is here holds.
 * @param loadAll by id
 * @param onChange hears of each item that comes, goes or changes, before it is in `items`
 */
export async function followTable<Item>(options: {
  feed: ChangeFeed
  topic: Topic
  loadAll: () => Promise<Map<string, Item>>
  load: (id: string) => Promise<Item | null>
  onChange?: (before: Item | null, after: Item | null) => void
}): Promise<FollowedTable<Item>> {
  const { feed, topic, loadAll, load, onChange = () => {} } = options
  const items = new Map<string, Item>()
  let revision = 0
  /** One read at a time, so that what was read first never overwrites what was read later. */
  let reading: Promise<void> = Promise.resolve()

  function put(id: string, after: Item | null): void {
    onChange(items.get(id) ?? null, after)
    if (after === null) items.delete(id)
    else items.set(id, after)
    revision++
  }

  async function readAll(): Promise<void> {
    const found = await loadAll()
    for (const id of items.keys()) if (!found.has(id)) put(id, null)
    for (const [id, item] of found) put(id, item)
  }

  function follow(read: () => Promise<void>): Promise<void> {
    reading = reading.catch(() => {}).then(read)
    return reading
  }

  feed.subscribe((change) => {
    if (change.topic === 'everything') return follow(readAll)
    if (change.topic !== topic) return
    if (change.key === ALL_ROWS) return follow(readAll)
    return follow(async () => put(change.key, await load(change.key)))
  })
  await follow(readAll)
  return {
    items,
    get revision() {
      return revision
    },
  }
}
