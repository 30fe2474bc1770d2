import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import { type MasterKey, MasterKeyError } from '../keys/master-key.ts'
import { decryptPrivateKey, encryptPrivateKey } from '../keys/private-key-encryption.ts'

/**
 * The one key that all client tokens are derived from: 32 random bytes, made once, stored encrypted
 * under a key derived from the master key, and encrypted anew under the newest master key whenever
 * the data is opened.
 *
 * Client tokens stand in pages and apps that cannot be changed in a day. Were they derived from the
 * master key itself, a new master key, or at the latest the removal of the old one, would change them
 * all at once; so a rotation of the master key leaves them as they are, and whoever has only an old
 * master key, and not the database, can derive none.
 */
export async function openClientTokenKey(options: {
  database: Database
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): Promise<Buffer> {
  const { database, masterKey, clock, random } = options
  const { newestVersion } = masterKey
  const wrap = (key: Buffer) => ({
    encrypted: encryptPrivateKey(masterKey.derive('client-tokens'), NAME, key, random),
    master_key_version: newestVersion,
  })

  const find = () =>
    database.query
      .selectFrom('derivation_keys')
      .selectAll()
      .where('name', '=', NAME)
      .executeTakeFirst()

  let row = await find()
  if (!row) {
    const made = { name: NAME, ...wrap(random(32)), created_at: clock.now() }
    // Another node that starts at the same time made it: that one counts.
    await database.write((write) =>
      write.query
        .insertInto('derivation_keys')
        .values(made)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute(),
    )
    row = (await find())!
  }
  const { encrypted, master_key_version: version } = row
  if (!masterKey.versions.includes(version)) {
    throw new MasterKeyError(
      `client tokens are protected by master key version ${version}, which is not configured`,
    )
  }
  const key = decryptPrivateKey(masterKey.derive('client-tokens', version), NAME, encrypted)
  if (version < newestVersion) {
    const renewed = wrap(key)
    await database.write((write) =>
      write.query
        .updateTable('derivation_keys')
        .set(renewed)
        .where('name', '=', NAME)
        .where('master_key_version', '<', newestVersion)
        .execute(),
    )
  }
  return key
}

const NAME = 'client-tokens'
