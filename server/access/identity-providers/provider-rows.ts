import type { Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { decryptPrivateKey, encryptPrivateKey } from '../keys/private-key-encryption.ts'
import type { IdentityProvider, ProviderCredential } from './identity-provider.ts'

/** Providers as the table has them: domains space-separated, roles as JSON, one credential encrypted. */

export type ProviderRow = Selectable<Tables['identity_providers']>

export function toProvider(row: ProviderRow): IdentityProvider {
  return {
    id: row.id,
    customerId: row.customer_id,
    issuer: row.issuer,
    clientId: row.client_id,
    credentialKind: row.private_key === null ? 'client-secret' : 'private-key',
    domains: row.domains === '' ? [] : row.domains.split(' '),
    roleClaim: row.role_claim,
    roles: JSON.parse(row.roles) as IdentityProvider['roles'],
    required: row.required === 1,
    createdAt: row.created_at,
  }
}

export function credentialColumns(
  masterKey: MasterKey,
  random: RandomBytes,
  id: string,
  credential: ProviderCredential,
) {
  const encrypted = encryptPrivateKey(
    masterKey.derive('account-secrets'),
    nameOf(id),
    Buffer.from(JSON.stringify(credential)),
    random,
  )
  return {
    client_secret: credential.kind === 'client-secret' ? encrypted : null,
    private_key: credential.kind === 'private-key' ? encrypted : null,
    master_key_version: masterKey.newestVersion,
  }
}

/** @throws Error when the row was tampered with, MasterKeyError */
export function toCredential(masterKey: MasterKey, row: ProviderRow): ProviderCredential {
  const key = masterKey.derive('account-secrets', row.master_key_version)
  const encrypted = row.private_key ?? row.client_secret
  if (encrypted === null) throw new Error(`the identity provider ${row.id} has no credential`)
  const plain = decryptPrivateKey(key, nameOf(row.id), encrypted)
  return JSON.parse(plain.toString()) as ProviderCredential
}

/** Under the same key are other kinds of secrets: none can be put in another's place. */
const nameOf = (id: string) => `identity-provider:${id}`
