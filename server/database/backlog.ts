import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { CompiledQuery, type Generated } from 'kysely'
import type { Database, Write } from './database.ts'

/**
 * Small changes to very many rows, made cheap.
 *
 * A row that is changed costs a page written twice, however small the change is. A few values are
 * therefore applied at once, but a flood of them is put aside as text, in few rows that lie one after
 * the other, and applied within about two minutes: share by share, where a share's values belong to
 * rows that lie close together, so that a page is written once for all of them. What is put aside is
 * committed: a killed process loses none of it, and any node applies it, each value exactly once.
 */
export interface Backlog<Value> extends AsyncDisposable {
  /** Applies the values, or puts them aside: all or none of them. */
  write(values: Value[]): Promise<void>
  /** Applies all that any node put aside before the call. */
  settle(): Promise<void>
}

export function createBacklog<Value, Packed>(options: {
  database: Database
  /** Tells this backlog's rows from those of others. */
  topic: string
  /** The key that the values' rows are ordered by; its first two letters are the share. */
  orderKey: (value: Value) => string
  /** To what JSON can hold, and back. */
  pack: (value: Value) => Packed
  unpack: (packed: Packed) => Value
  /** Merges the values and writes them. */
  apply: (write: Write, values: Value[]) => Promise<void>
  /** Hears of values that could not be applied and are going to be tried again. */
  onError: (error: unknown) => void
}): Backlog<Value> {
  const { database, topic, orderKey, pack, unpack, apply } = options
  const closing = new AbortController()
  const working = applyAlways()

  async function write(values: Value[]): Promise<void> {
    await database.write((write) =>
      values.length <= AT_ONCE ? apply(write, values) : putAside(write, values),
    )
  }

  async function putAside(write: Write, values: Value[]): Promise<void> {
    const rows: { topic: string; share: string; size: number; body: string }[] = []
    for (const [share, shareValues] of Map.groupBy(values, shareOf)) {
      for (let start = 0; start < shareValues.length; start += VALUES_PER_ROW) {
        const row = shareValues.slice(start, start + VALUES_PER_ROW)
        rows.push({ topic, share, size: row.length, body: JSON.stringify(row.map(pack)) })
      }
    }
    for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
      await write.query
        .withTables<BacklogTables>()
        .insertInto('backlog')
        .values(rows.slice(start, start + ROWS_PER_INSERT))
        .execute()
    }
  }

  const shareOf = (value: Value): string => orderKey(value).slice(0, 2)

  function findShares(): Promise<Share[]> {
    return database.query
      .withTables<BacklogTables>()
      .selectFrom('backlog')
      .select((row) => [
        'share',
        row.fn.max('id').as('newest'),
        // Postgres sums int8 to numeric, which would arrive as text.
        row.cast<number>(row.fn.sum('size'), 'bigint').as('size'),
      ])
      .where('topic', '=', topic)
      .groupBy('share')
      .orderBy('share')
      .execute()
  }

  /** One bounded step. @returns how many values it applied */
  function applyStep({ share, newest }: Share): Promise<number> {
    return database.write(async (write) => {
      // Whoever waits for this sees what other nodes have taken before, applied.
      await write.lock('backlog')
      const { rows } = await write.query.executeQuery<{ body: string }>(
        CompiledQuery.raw(TAKE[database.dialect], [topic, share, newest, VALUES_PER_STEP]),
      )
      const values = rows.flatMap(({ body }) => (JSON.parse(body) as Packed[]).map(unpack))
      if (values.length > 0) await apply(write, values)
      return values.length
    })
  }

  /** Yields after each step. */
  async function* applyAll(shares: Share[]): AsyncGenerator<void> {
    for (const share of shares) {
      for (let left = share.size; left > 0;) {
        const applied = await applyStep(share)
        // Another node may have been here.
        if (applied === 0) break
        left -= applied
        yield
      }
    }
  }

  async function settle(): Promise<void> {
    // SQLite works on the event loop's thread: requests have their turn between two steps.
    for await (const _ of applyAll(await findShares())) await setImmediate()
  }

  /** Spreads the steps evenly, so that no second has more than its part of the work. */
  async function applyAlways(): Promise<void> {
    const pause = (milliseconds: number) =>
      sleep(milliseconds, undefined, { ref: false, signal: closing.signal })
    while (!closing.signal.aborted) {
      try {
        const shares = await findShares()
        const steps = shares.reduce((sum, { size }) => sum + Math.ceil(size / VALUES_PER_STEP), 0)
        const milliseconds = ROUND_MILLISECONDS / (steps + 1)
        await pause(milliseconds)
        for await (const _ of applyAll(shares)) await pause(milliseconds)
      } catch (error) {
        if (closing.signal.aborted) return
        options.onError(error)
        await pause(ROUND_MILLISECONDS).catch(() => {})
      }
    }
  }

  return {
    write,
    settle,
    async [Symbol.asyncDispose]() {
      closing.abort()
      await working
    },
  }
}

interface Share {
  share: string
  /** The newest row's id: what comes later belongs to the next round. */
  newest: number
  /** How many values wait. */
  size: number
}

/** Nobody else reads or writes it. */
type BacklogTables = {
  backlog: {
    id: Generated<number>
    topic: string
    share: string
    /** How many values there are in the body. */
    size: number
    /** JSON: an array of what the topic packs. */
    body: string
  }
}

/** So many values are applied when they come: some ten milliseconds at most. */
const AT_ONCE = 500
const VALUES_PER_ROW = 250
const ROWS_PER_INSERT = 50
/** What one transaction merges and writes at most: some twenty milliseconds. */
const VALUES_PER_STEP = 2_000

const ROUND_MILLISECONDS = 60_000

/** The oldest rows of a share, with as many values as a step takes. */
const TAKE = {
  sqlite: takeStatement('?1', '?2', '?3', '?4'),
  postgres: takeStatement('$1', '$2', '$3', '$4'),
}

function takeStatement(topic: string, share: string, newest: string, values: string): string {
  return `delete from backlog where id in (
      select id from (
        select id, sum(size) over (order by id) as taken from backlog
        where topic = ${topic} and share = ${share} and id <= ${newest}
      ) as oldest where taken <= ${values})
    returning body`
}
