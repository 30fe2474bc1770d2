import type { WebAuthnCredential } from '@simplewebauthn/server'
import type { Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'
import type { Passkey } from './passkeys.ts'

export type PasskeyRow = Selectable<Tables['passkeys']>

export function toPasskey(row: PasskeyRow): Passkey {
  return { id: row.id, name: row.name, createdAt: row.created_at, lastUsedAt: row.last_used_at }
}

export function toCredential(row: PasskeyRow): WebAuthnCredential {
  return {
    id: row.id,
    publicKey: new Uint8Array(Buffer.from(row.public_key, 'base64url')),
    counter: row.counter,
    transports: row.transports.split(' ').filter(Boolean),
  }
}
