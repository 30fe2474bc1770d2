import type { RandomBytes } from '../../lib/random.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { decryptPrivateKey, encryptPrivateKey } from '../keys/private-key-encryption.ts'

/** Secrets that must be had again, as AES-256-GCM: `<master key version>.<ciphertext>`. */
export interface AccountSecrets {
  /** @param accountId authenticated too: a row's secret is worth nothing in another row */
  encrypt(accountId: string, secret: string): string
  /** @throws Error, MasterKeyError when it was not encrypted for this account, or under no key here */
  decrypt(accountId: string, text: string): string
}

export function createAccountSecrets(masterKey: MasterKey, random: RandomBytes): AccountSecrets {
  const name = (accountId: string) => `totp:${accountId}`
  return {
    encrypt(accountId, secret) {
      const version = masterKey.newestVersion
      const key = masterKey.derive('account-secrets', version)
      return `${version}.${encryptPrivateKey(key, name(accountId), Buffer.from(secret), random)}`
    },
    decrypt(accountId, text) {
      const [version, ciphertext = ''] = text.split('.')
      const key = masterKey.derive('account-secrets', Number(version))
      return decryptPrivateKey(key, name(accountId), ciphertext).toString()
    },
  }
}
