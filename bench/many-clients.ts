import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { readMasterKeyFile } from '../server/access/keys/master-key.ts'
import { createSecretText } from '../server/access/secrets/secret-text.ts'
import { hashSecret } from '../server/access/secrets/secret-verification.ts'
import { openSqliteFile } from '../server/database/sqlite.ts'
import { randomHex, randomInt64, systemRandom } from '../server/lib/random.ts'

/** Rows that one transaction inserts. */
const BATCH = 10_000

/**
 * Puts clients with one secret each into the data folder of a server that has run once and is not
 * running now. They are copies of one client that is there, except for ids and secrets, so that
 * they may do what it may. Writes a token request's form for each into `bodiesFile`, one per line.
 */
export function insertManyClients(options: {
  dataDir: string
  /** The client to copy. */
  clientId: string
  count: number
  bodiesFile: string
}): void {
  const masterKey = readMasterKeyFile(options.dataDir, systemRandom)
  using database = openSqliteFile(join(options.dataDir, 'mapgate.sqlite'))
  const client = findRow(database, 'select * from clients where id = ?', options.clientId)
  const secret = findRow(
    database,
    'select * from client_secrets where client_id = ? and revoked_at is null limit 1',
    options.clientId,
  )
  const insertClient = prepareInsert(database, 'clients', client)
  const insertSecret = prepareInsert(database, 'client_secrets', secret)

  writeFileSync(options.bodiesFile, '', { mode: 0o600 })
  for (let start = 0; start < options.count; start += BATCH) {
    const bodies: string[] = []
    database.exec('begin immediate')
    for (let index = start; index < Math.min(start + BATCH, options.count); index++) {
      const clientId = randomInt64(systemRandom)
      const id = randomHex(12, systemRandom)
      const text = createSecretText(id, systemRandom)
      const hash = hashSecret(masterKey, text, masterKey.newestVersion).toString('base64url')
      insertClient({ id: clientId, display_name: `Bench ${index}` })
      insertSecret({
        id,
        client_id: clientId,
        last_four: text.slice(-4),
        hash,
        pepper_version: masterKey.newestVersion,
      })
      bodies.push(tokenForm(clientId, text))
    }
    database.exec('commit')
    appendFileSync(options.bodiesFile, `${bodies.join('\n')}\n`)
  }
}

/** The body of a client-credentials request with the secret in the form (RFC 6749 §2.3.1, §4.4.2). */
export function tokenForm(clientId: string, clientSecret: string): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  }).toString()
}

type Row = Record<string, SQLInputValue>

function findRow(database: DatabaseSync, sql: string, parameter: string): Row {
  const row = database.prepare(sql).get(parameter)
  if (!row) throw new Error(`there is no row to copy: ${sql}`)
  return row
}

/** Inserts copies of `template` with some columns changed. */
function prepareInsert(
  database: DatabaseSync,
  table: string,
  template: Row,
): (changes: Row) => void {
  const columns = Object.keys(template)
  const statement = database.prepare(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
  )
  return (changes) => {
    statement.run(...columns.map((column) => changes[column] ?? template[column] ?? null))
  }
}
