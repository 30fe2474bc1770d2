import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Adapter } from './database.ts'
import type { Tables } from './tables.ts'
import { isSqliteBusy } from './unavailable.ts'

/**
 * SQLite through `node:sqlite`: one connection that writes, one that only reads and so never waits
 * for the writer (WAL). Several processes may have the same file open.
 */
export function openSqlite(file: string): Adapter {
  const writerConnection = openSqliteFile(file)
  const readerConnection = openSqliteFile(file)
  readerConnection.exec(`pragma query_only = on; pragma mmap_size = ${MAPPED_BYTES}`)
  const writer = new Kysely<Tables>({ dialect: sqliteDialect(writerConnection) })
  const query = new Kysely<Tables>({ dialect: sqliteDialect(readerConnection) })
  const dataVersion = readerConnection.prepare('pragma data_version')
  return {
    dialect: 'sqlite',
    query,
    writer,
    isRetryable: isSqliteBusy,
    // BEGIN IMMEDIATE has already made this transaction the only writer.
    lock: async () => {},
    prepare<Row>(sql: string) {
      const statement = readerConnection.prepare(sql.replaceAll('$', '?'))
      return (...parameters: (string | number)[]) => statement.all(...parameters) as Row[]
    },
    dataVersion: () => (dataVersion.get() as { data_version: number }).data_version,
    async [Symbol.asyncDispose]() {
      await query.destroy()
      await writer.destroy()
    },
  }
}

/** One connection, set up as every one of ours is. */
export function openSqliteFile(file: string): DatabaseSync {
  // Several processes that start at once wait for each other while one makes the file a WAL.
  const connection = new DatabaseSync(file, { timeout: OPEN_TIMEOUT_MILLISECONDS })
  connection.exec(
    'pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma trusted_schema = off',
  )
  connection.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MILLISECONDS}`)
  return connection
}

/** Random reads of a large file take a third less time than by `pread`. */
const MAPPED_BYTES = 1_073_741_824

const OPEN_TIMEOUT_MILLISECONDS = 5_000

/** Blocks the event loop, so it is short; what takes longer is tried again asynchronously (`open.ts`). */
const BUSY_TIMEOUT_MILLISECONDS = 10

/** Kysely over one `node:sqlite` connection, its transactions BEGIN IMMEDIATE. */
function sqliteDialect(connection: DatabaseSync): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new NodeSqliteDriver(connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

class NodeSqliteDriver implements Driver {
  readonly #database: DatabaseSync
  readonly #connection: NodeSqliteConnection
  /** Settles when the connection is free: transactions await between statements, so they need it whole. */
  #free: Promise<void> = Promise.resolve()
  #release: () => void = () => {}

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#connection = new NodeSqliteConnection(database)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#free
    this.#free = promise
    await before
    this.#release = resolve
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    this.#release()
  }

  async beginTransaction(): Promise<void> {
    this.#database.exec('begin immediate')
  }

  async commitTransaction(): Promise<void> {
    this.#database.exec('commit')
  }

  async rollbackTransaction(): Promise<void> {
    // SQLite has rolled back by itself after some errors (a full disk, say).
    if (this.#database.isTransaction) this.#database.exec('rollback')
  }

  async destroy(): Promise<void> {
    await this.#free
    this.#database.close()
  }
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.#prepare(query.sql)
    const parameters = query.parameters as SQLInputValue[]
    if (statement.columns().length > 0) return { rows: statement.all(...parameters) as Row[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return {
      rows: [],
      numAffectedRows: BigInt(changes),
      insertId: BigInt(lastInsertRowid),
    }
  }

  // oxlint-disable-next-line require-yield -- Kysely asks for the method; nothing here streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not supported')
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#database.prepare(sql)
      // Lists of values make new texts: forget all rather than grow without bound.
      if (this.#statements.size >= 200) this.#statements.clear()
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
