import type pg from 'pg'
import { NewerSchemaError } from '../../../database/migrate.ts'
import { lockNumber } from '../../../database/postgres.ts'
import {
  dropSearchTables,
  indexSearchTables,
  searchTablesOf,
} from '../../search/postgres-search.ts'
import { inTransaction } from './transactions.ts'

/** Counted up when the tables change. */
const VERSION = 2

const TABLES = `
  drop table if exists map_features, map_collections, map_store;
  create table map_store (version integer not null, revision bigint not null);
  create table map_changes (
    revision bigint primary key, collection text not null, boxes text, at bigint not null
  );
  create table map_collections (
    id text primary key, next_key bigint not null, generation integer not null,
    live integer, hidden integer
  );
  create table map_generations (
    number integer primary key generated always as identity, collection text not null,
    generation integer not null, definition text not null, summary text not null,
    writer text, heard_at bigint not null, retired_at bigint
  );
  create index map_generations_retired on map_generations (retired_at);
  insert into map_store values (${VERSION}, 1);`

/**
 * Creates the tables where they are missing. What an older version had is removed: it was sample data.
 * @throws NewerSchemaError when a newer version of Mapgate has been there
 */
export async function createTables(pool: pg.Pool): Promise<void> {
  const version = await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [lockNumber('map-store-tables')])
    const found = await client.query<{ name: string | null }>(
      `select to_regclass('map_store')::text as name`,
    )
    if (found.rows[0]!.name !== null) {
      const { rows } = await client.query<{ version: number }>('select version from map_store')
      if (rows[0]!.version >= VERSION) return rows[0]!.version
    }
    await client.query(TABLES)
    return VERSION
  })
  if (version > VERSION) {
    throw new NewerSchemaError(
      'the map tables have been changed by a newer version of Mapgate; start that version, or restore a backup',
    )
  }
}

/** A generation's tables: the features with a core GiST index over their boxes, and what search needs. */
export function tablesOf(number: number, isSearched: boolean): string {
  return `
    create table map_features_${number} (
      key bigint primary key,
      id text collate "C" not null unique,
      west float8 not null, south float8 not null, east float8 not null, north float8 not null,
      starts bigint, ends bigint,
      bounds box generated always as (box(point(west, south), point(east, north))) stored,
      feature text not null
    );
    ${isSearched ? searchTablesOf(number) : ''}`
}

/** An index is filled at once in less time than row by row. */
export function indexTables(number: number, isSearched: boolean): string {
  return `
    create index if not exists map_features_${number}_bounds on map_features_${number}
      using gist (bounds);
    create index if not exists map_features_${number}_spread on map_features_${number} (key)
      where west < east or south < north;
    analyze map_features_${number};
    ${isSearched ? indexSearchTables(number) : ''}`
}

export function dropTables(number: number): string {
  return `drop table if exists map_features_${number}; ${dropSearchTables(number)}`
}
