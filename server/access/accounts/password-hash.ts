import { argon2, timingSafeEqual } from 'node:crypto'
import { createHmacSha256 } from '../../lib/hmac.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type { MasterKey } from '../keys/master-key.ts'

/**
 * How passwords are stored: argon2id (RFC 9106) over the HMAC of the password under a pepper that is
 * not in the database (NIST SP 800-63B-4 §3.1.1.2), as a PHC string. `keyid` is the version of the
 * master key from which the pepper is derived.
 */
export interface PasswordHashes {
  hash(password: string): Promise<string>
  /** @param stored null: takes as long as any other, and is wrong */
  matches(password: string, stored: string | null): Promise<boolean>
  /** Whether another pepper or strength than today's was used. */
  isOutdated(stored: string): boolean
}

/** KiB, passes and lanes: what OWASP ASVS 5.0 §11.4.2 asks for at least. */
const COST = { m: 19_456, t: 2, p: 1 }
const TAG_LENGTH = 32
const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2}),keyid=([\w+/]+)\$([\w+/]+)\$([\w+/]+)$/

export function createPasswordHashes(masterKey: MasterKey, random: RandomBytes): PasswordHashes {
  function derived(
    password: string,
    version: number,
    salt: Buffer,
    cost: typeof COST,
    tagLength: number,
  ): Promise<Buffer> {
    // One Unicode form, so that it does not matter on which keyboard it was typed.
    const peppered = createHmacSha256(masterKey.derive('passwords', version))(
      password.normalize('NFKC'),
    )
    const parameters = {
      message: peppered,
      nonce: salt,
      memory: cost.m,
      passes: cost.t,
      parallelism: cost.p,
      tagLength,
    }
    return new Promise((resolve, reject) => {
      argon2('argon2id', parameters, (error, tag) => (error ? reject(error) : resolve(tag)))
    })
  }

  const header = ({ m, t, p }: typeof COST, version: number) =>
    `$argon2id$v=19$m=${m},t=${t},p=${p},keyid=${unpadded(Buffer.from(String(version)))}`
  const newestHeader = header(COST, masterKey.newestVersion)

  function parse(stored: string | null) {
    const [, m, t, p, keyId, salt, tag] = PHC.exec(stored ?? '') ?? []
    const version = Number(Buffer.from(keyId ?? '', 'base64').toString())
    if (!masterKey.versions.includes(version)) return null
    return {
      version,
      cost: { m: Number(m), t: Number(t), p: Number(p) },
      salt: Buffer.from(salt!, 'base64'),
      tag: Buffer.from(tag!, 'base64'),
    }
  }

  const nothing = {
    version: masterKey.newestVersion,
    cost: COST,
    salt: random(16),
    tag: Buffer.alloc(TAG_LENGTH),
  }

  return {
    async hash(password) {
      const salt = random(16)
      const version = masterKey.newestVersion
      const tag = await derived(password, version, salt, COST, TAG_LENGTH)
      return `${newestHeader}$${unpadded(salt)}$${unpadded(tag)}`
    },

    async matches(password, stored) {
      const parsed = parse(stored)
      const { version, cost, salt, tag } = parsed ?? nothing
      const given = await derived(password, version, salt, cost, tag.length)
      return timingSafeEqual(given, tag) && parsed !== null
    },

    isOutdated: (stored) => !stored.startsWith(`${newestHeader}$`),
  }
}

/** Base64 as PHC strings have it. */
const unpadded = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
