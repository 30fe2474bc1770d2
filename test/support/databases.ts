import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, inject } from 'vitest'
import type { Database } from '../../server/database/database.ts'
import { type DatabaseLocation, openDatabase } from '../../server/database/open.ts'
import { type Clock, systemClock } from '../../server/lib/clock.ts'

/**
 * Runs one contract on SQLite and on Postgres. `locate` makes a new empty database; opening the same
 * location twice makes two nodes on one database.
 */
export function describeDatabases(
  name: string,
  contract: (kind: DatabaseLocation['kind'], locate: () => Promise<DatabaseLocation>) => void,
): void {
  const folders: string[] = []
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))
  describe.each(['sqlite', 'postgres'] as const)(`${name} (%s)`, (kind) => {
    contract(kind, async () => {
      if (kind === 'postgres') {
        return { kind, url: await createPostgresDatabase(), connections: 4 }
      }
      const folder = mkdtempSync(join(tmpdir(), 'mapgate-test-'))
      folders.push(folder)
      return { kind, file: join(folder, 'mapgate.sqlite') }
    })
  })
}

/** A new empty database in the test run's Postgres: its URL. */
export async function createPostgresDatabase(): Promise<string> {
  const url = inject('postgresUrl')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client({ connectionString: `${url}/postgres` })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return `${url}/${name}`
}

/** A database that is closed when the test's scope ends (`await using`). */
export function openTestDatabase(
  location: DatabaseLocation,
  clock: Clock = systemClock,
): Promise<Database> {
  return openDatabase(location, clock)
}
