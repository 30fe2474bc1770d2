import { existsSync } from 'node:fs'
import { sql } from 'kysely'
import { createAudit } from '../../access/audit/audit.ts'
import { checkMasterKey, type MasterKey } from '../../access/keys/master-key.ts'
import { createSigningKeys } from '../../access/keys/signing-keys.ts'
import { databaseLocation } from '../../open-access.ts'
import type { Settings } from '../../config/load.ts'
import { MIGRATIONS } from '../../database/migrate.ts'
import { type DatabaseLocation, openDatabase } from '../../database/open.ts'
import { openPostgres } from '../../database/postgres.ts'
import { openSqlite } from '../../database/sqlite.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { REASONS } from '../audit.ts'
import { fail, type Finding, messageOf, ok, warn } from './finding.ts'

/** What the doctor checks in the database, without changing it: not even a migration is run. */
export async function checkData(
  settings: Settings,
  masterKey: MasterKey | null,
  full: boolean,
): Promise<Finding[]> {
  const location = databaseLocation(settings)
  const name = location.kind === 'sqlite' ? location.file : 'Postgres'
  if (location.kind === 'sqlite' && !existsSync(location.file)) {
    return [ok('database', 'nothing is there yet; the first start or command makes it')]
  }
  let migrations: string[]
  try {
    migrations = await readMigrations(location)
  } catch (error) {
    const advice =
      location.kind === 'sqlite'
        ? 'Check that this user may read and write the file, and that it is a SQLite file of Mapgate.'
        : 'Check MAPGATE_DATABASE_URL, and that Postgres runs and lets this machine in.'
    return [fail('database', `${name} cannot be opened: ${messageOf(error)}`, advice)]
  }
  if (migrations.length === 0) {
    return [ok('database', `${name} is empty; the first start or command makes the tables`)]
  }
  const known = MIGRATIONS.map((migration) => migration.name)
  const newer = migrations.filter((migration) => !known.includes(migration))
  if (newer.length > 0) {
    const advice = 'Start that version, or restore a backup made before it ran.'
    return [fail('database', `a newer version of Mapgate changed it (${newer.join(', ')})`, advice)]
  }
  const missing = known.filter((migration) => !migrations.includes(migration))
  if (missing.length > 0) {
    return [
      warn(
        'database',
        `its tables are of an older version (missing ${missing.join(', ')})`,
        'Back it up; the next start or command brings it up to date. Then look again.',
      ),
    ]
  }
  const findings = [ok('database', `${name}, tables up to date (${migrations.at(-1)})`)]
  if (!masterKey) {
    const advice = 'Restore the file master.key or MAPGATE_MASTER_KEY: nothing else opens the data.'
    return [...findings, fail('master key', 'there is none that could open the data', advice)]
  }
  return [...findings, ...(await checkContent(settings, location, masterKey, full))]
}

/** The names of the migrations that ran; none when there are no tables. */
async function readMigrations(location: DatabaseLocation): Promise<string[]> {
  await using adapter =
    location.kind === 'sqlite' ? openSqlite(location.file) : openPostgres(location)
  const tables = await adapter.query.introspection.getTables()
  if (!tables.some((table) => table.name === 'migrations')) return []
  const { rows } = await sql<{ name: string }>`select name from migrations order by name`.execute(
    adapter.query,
  )
  return rows.map((row) => row.name)
}

/** By the files, in a checkout and in the built package alike. */
async function checkContent(
  settings: Settings,
  location: DatabaseLocation,
  masterKey: MasterKey,
  full: boolean,
): Promise<Finding[]> {
  const clock = systemClock
  await using database = await openDatabase(location, clock)
  try {
    await checkMasterKey(database, masterKey)
  } catch (error) {
    const advice = 'Start with the master key that the data was made with.'
    return [fail('master key', messageOf(error), advice)]
  }
  await using audit = createAudit({
    database,
    key: masterKey.derive('audit'),
    olderKeys: masterKey.versions.slice(1).map((version) => masterKey.derive('audit', version)),
    clock,
    random: systemRandom,
  })
  const findings = [ok('master key', 'it opens the data')]
  try {
    const { algorithm, announceSeconds, rotateAfterDays } = settings.signing
    const signingKeys = await createSigningKeys({
      database,
      masterKey,
      audit,
      clock,
      random: systemRandom,
      algorithm,
      rotateAfterMilliseconds: rotateAfterDays * 86_400_000,
      announceMilliseconds: announceSeconds * 1_000,
      onError: () => {},
    })
    const signing = signingKeys.list().filter((key) => key.phase === 'signing')
    for (const needed of new Set([algorithm, 'RS256'] as const)) {
      const key = signing.find((candidate) => candidate.algorithm === needed)
      const overdue =
        key && key.signsFrom + (rotateAfterDays + OVERDUE_DAYS) * 86_400_000 < clock.now()
      const advice = 'Any start of the server or command makes the keys that are due.'
      if (!key) findings.push(warn('signing keys', `no ${needed} key signs yet`, advice))
      else if (overdue) {
        findings.push(
          warn('signing keys', `the ${needed} key should have been replaced long ago`, advice),
        )
      } else findings.push(ok('signing keys', `${needed}: ${key.kid} signs`))
    }
  } catch (error) {
    const advice = 'Restore a backup, or delete the damaged row of signing_keys: its tokens die.'
    findings.push(fail('signing keys', `a key cannot be read: ${messageOf(error)}`, advice))
  }
  const [newest] = await audit.list({ limit: 1 })
  if (newest && newest.at > clock.now() + 60_000) {
    const at = new Date(newest.at).toISOString()
    const advice = 'Set the clock of this machine, or find out which one wrote that (NTP).'
    findings.push(fail('clock', `the newest audit event is from the future (${at})`, advice))
  } else findings.push(ok('clock', new Date(clock.now()).toISOString()))

  const events = newest?.sequence ?? 0
  if (events > WALKED_EVENTS && !full) {
    const finding = `${events} events, not walked`
    return [...findings, ok('audit log', `${finding}; --full or “mapgate audit verify” does`)]
  }
  const verification = await audit.verify()
  findings.push(
    verification.kind === 'intact'
      ? ok('audit log', `${verification.events} events, intact`)
      : fail(
          'audit log',
          `broken at event ${verification.sequence}: ${REASONS[verification.reason]}`,
          'Someone changed the database by hand. Keep a copy of it as it is, and compare with a backup.',
        ),
  )
  return findings
}

/** Some seconds' work. */
const WALKED_EVENTS = 100_000

/** A server looks every minute; it may have been stopped for some days. */
const OVERDUE_DAYS = 7
