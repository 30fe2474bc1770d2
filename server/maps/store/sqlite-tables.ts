import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { NewerSchemaError } from '../../database/migrate.ts'
import { SQLITE_BUSY, sqliteResultCode } from '../../database/unavailable.ts'

/** Counted up when the tables change. */
const VERSION = 1

/**
 * Creates the table of collections if the file is new.
 * @throws NewerSchemaError when a newer version of Mapgate has been there
 */
export async function createTables(connection: DatabaseSync, file: string): Promise<void> {
  const version = () =>
    (connection.prepare('pragma user_version').get() as { user_version: number }).user_version
  if (version() === 0) {
    await untilFree(() => connection.exec('begin immediate'))
    // Another process may have been here while this one waited.
    if (version() === 0) {
      connection.exec(`
        create table collections (
          number integer primary key autoincrement, id text not null unique, collection text not null
        ) strict;
        pragma user_version = ${VERSION};`)
    }
    connection.exec('commit')
  }
  if (version() > VERSION) {
    throw new NewerSchemaError(
      `${file} has been changed by a newer version of Mapgate; start that version, or restore a backup`,
    )
  }
}

/** The two tables of a collection. */
export function tablesOf(number: number | bigint): string {
  return `
    create table features_${number} (
      key integer primary key, id text not null unique,
      west real not null, south real not null, east real not null, north real not null,
      feature text not null
    ) strict;
    create virtual table boxes_${number} using rtree(
      key, minimum_x, maximum_x, minimum_y, maximum_y
    );`
}

export function dropTables(number: number): string {
  return `drop table features_${number}; drop table boxes_${number};`
}

/** Tries again, for up to two minutes, while another process holds the file's lock. */
export async function untilFree<Result>(work: () => Result): Promise<Result> {
  const givesUpAt = performance.now() + 120_000
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (sqliteResultCode(error) !== SQLITE_BUSY || performance.now() > givesUpAt) throw error
      await sleep(20)
    }
  }
}
