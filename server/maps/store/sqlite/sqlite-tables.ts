import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { NewerSchemaError } from '../../../database/migrate.ts'
import { SQLITE_BUSY, sqliteResultCode } from '../../../database/unavailable.ts'
import { dropSearchTables, searchTablesOf } from '../../search/sqlite-search.ts'

/** Counted up when the tables change. */
const VERSION = 2

const TABLES = `
  create table map_store (revision integer not null) strict;
  insert into map_store values (1);
  create table map_changes (
    revision integer primary key, collection text not null, boxes text, at integer not null
  ) strict;
  create table map_collections (
    id text primary key, next_key integer not null, generation integer not null,
    live integer, hidden integer
  ) strict;
  create table map_generations (
    number integer primary key autoincrement, collection text not null, generation integer not null,
    definition text not null, summary text not null,
    writer text, heard_at integer not null, retired_at integer
  ) strict;
  create index map_generations_retired on map_generations (retired_at);`

/**
 * Creates the tables if the file is new. What an older version had is removed: it was sample data.
 * @throws NewerSchemaError when a newer version of Mapgate has been there
 */
export async function createTables(connection: DatabaseSync, file: string): Promise<void> {
  const version = () =>
    (connection.prepare('pragma user_version').get() as { user_version: number }).user_version
  if (version() < VERSION) {
    await untilFree(() => connection.exec('begin immediate'))
    // Another process may have been here while this one waited.
    if (version() < VERSION) {
      dropOldTables(connection)
      connection.exec(`${TABLES} pragma user_version = ${VERSION};`)
    }
    connection.exec('commit')
  }
  if (version() > VERSION) {
    throw new NewerSchemaError(
      `${file} has been changed by a newer version of Mapgate; start that version, or restore a backup`,
    )
  }
}

function dropOldTables(connection: DatabaseSync): void {
  const tables = connection.prepare(`select name from sqlite_schema where type = 'table'`).all()
  for (const { name } of tables as { name: string }[]) {
    // The tables behind an RTREE go with it.
    if (/^(collections|(features|boxes)_\d+)$/.test(name)) connection.exec(`drop table ${name}`)
  }
}

/**
 * A generation's tables: the features, whose text is last so that what comes before is read without
 * it, an RTREE that finds keys, and what search needs. The RTREE holds float32 rounded outwards, so it
 * gives candidates. A small index holds what is in more than one place (`spreadAfter`).
 * @param isSearched whether search finds anything in it: every table makes opening the file slower
 */
export function tablesOf(number: number, isSearched: boolean): string {
  return `
    create table features_${number} (
      key integer primary key,
      west real not null, south real not null, east real not null, north real not null,
      starts integer, ends integer,
      id text not null unique,
      feature text not null
    ) strict;
    create index spread_${number} on features_${number} (key)
      where west < east or south < north;
    create virtual table boxes_${number} using rtree(
      key, minimum_x, maximum_x, minimum_y, maximum_y
    );
    ${isSearched ? searchTablesOf(number) : ''}`
}

/**
 * All at once: of a million features that lasts some times as long as the longest transaction of an
 * import. Deleted in batches, they take thirty times as long altogether, because ids lie anywhere in
 * their index, and the longest batch is no shorter.
 */
export function dropTables(number: number): string {
  return `drop table if exists features_${number}; drop table if exists boxes_${number};
    ${dropSearchTables(number)}`
}

/** Tries again, for up to two minutes, while another process holds the file's lock. */
export async function untilFree<Result>(work: () => Result): Promise<Result> {
  const givesUpAt = performance.now() + 120_000
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (sqliteResultCode(error) !== SQLITE_BUSY || performance.now() > givesUpAt) throw error
      await sleep(5 + Math.random() * 15)
    }
  }
}
