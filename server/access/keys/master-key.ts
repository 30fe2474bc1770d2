import { createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../../database/database.ts'
import type { RandomBytes } from '../../lib/random.ts'

/**
 * The root of what is secret at rest. Other keys are derived from it, one for each purpose, so that
 * none can stand in for another. Several versions may be configured: the newest protects what is
 * written, the older ones open what was written before.
 */
export interface MasterKey {
  readonly newestVersion: number
  readonly versions: readonly number[]
  /**
   * 32 bytes for one purpose (HKDF-SHA-256, RFC 5869).
   * @throws MasterKeyError when that version is not configured
   */
  derive(purpose: KeyPurpose, version?: number): Buffer
}

export type KeyPurpose =
  | 'check'
  | 'client-secrets'
  | 'signing-keys'
  | 'audit'
  | 'delivery'
  | 'client-tokens'
  | 'account-secrets'
  | 'passwords'
  | 'tickets'
  | 'forms'
  | 'cursors'

export class MasterKeyError extends Error {
  override name = 'MasterKeyError'
}

/**
 * @param text 32 bytes in base64 or base64url, or several as `2:<newest>,1:<older>`
 * @throws MasterKeyError when it is neither
 */
export function parseMasterKey(text: string): MasterKey {
  const keys = new Map<number, Buffer>()
  for (const part of text.trim().split(',')) {
    const [, version = '1', encoded = ''] = /^(?:(\d{1,6}):)?([\w+/=-]+)$/.exec(part.trim()) ?? []
    const key = Buffer.from(encoded, 'base64url')
    if (key.length !== 32) {
      throw new MasterKeyError(
        'the master key must be 32 bytes in base64 (openssl rand -base64 32)',
      )
    }
    if (keys.has(Number(version)))
      throw new MasterKeyError(`master key version ${version} is there twice`)
    keys.set(Number(version), key)
  }
  const versions = [...keys.keys()].sort((a, b) => b - a)
  const newestVersion = versions[0]!
  const derived = new Map<string, Buffer>()
  return {
    newestVersion,
    versions,
    derive(purpose, version = newestVersion) {
      const name = `${purpose}:${version}`
      let key = derived.get(name)
      if (!key) {
        const root = keys.get(version)
        if (!root) throw new MasterKeyError(`master key version ${version} is not configured`)
        key = Buffer.from(hkdfSync('sha256', root, '', `mapgate:${purpose}`, 32))
        derived.set(name, key)
      }
      return key
    },
  }
}

/** The key in the data folder's file `master.key`, which is made (mode 0600) when it is not there. */
export function readMasterKeyFile(dataDir: string, random: RandomBytes): MasterKey {
  const file = join(dataDir, 'master.key')
  if (!existsSync(file)) {
    createWhole(dataDir, file, `${random(32).toString('base64url')}\n`)
  }
  return parseMasterKey(readFileSync(file, 'utf8'))
}

/**
 * Creates a file that is either whole on the disk or not there, whenever the machine stops: data that
 * was protected with half a key, or with one that is gone, is lost.
 */
function createWhole(folder: string, file: string, content: string): void {
  const temporary = `${file}.${randomUUID()}`
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(temporary, file)
  } catch (error) {
    // Another process that starts at the same time made it: that one counts.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  const entries = openSync(folder, 'r')
  try {
    fsyncSync(entries)
  } finally {
    closeSync(entries)
  }
}

/**
 * Compares the key with the check value that the database keeps of each version, and keeps one of
 * versions it has not seen.
 * @throws MasterKeyError when a version is not the one that the data was protected with
 */
export async function checkMasterKey(database: Database, masterKey: MasterKey): Promise<void> {
  await database.write(async (write) => {
    await write.lock('master-key')
    const known = new Map(
      (await write.query.selectFrom('master_key_checks').selectAll().execute()).map((row) => [
        row.version,
        row.check_value,
      ]),
    )
    for (const version of masterKey.versions) {
      const check = createHmac('sha256', masterKey.derive('check', version))
        .update('mapgate master key')
        .digest('hex')
      const expected = known.get(version)
      if (expected === undefined) {
        await write.query
          .insertInto('master_key_checks')
          .values({ version, check_value: check })
          .execute()
      } else if (!timingSafeEqual(Buffer.from(expected), Buffer.from(check))) {
        throw new MasterKeyError(
          `master key version ${version} is not the one this data was made with: restore MAPGATE_MASTER_KEY or the file master.key`,
        )
      }
    }
    if (known.size > 0 && !masterKey.versions.some((version) => known.has(version))) {
      throw new MasterKeyError('none of the configured master keys opens this data')
    }
  })
}
