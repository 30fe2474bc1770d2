import type { ClientSecret } from '../access/secrets/client-secret.ts'
import type { SecretText } from '../access/secrets/secret-text.ts'
import { lines, table, time } from './output.ts'

/** How client secrets are shown. */

export const SHOWN_ONCE =
  'This is the only time the secret is shown. Store it now; Mapgate keeps a hash of it.'

export function secretLines(secret: ClientSecret, text: SecretText): string {
  return lines({
    'client id': secret.clientId,
    'secret id': secret.id,
    description: secret.description,
    expires: time(secret.expiresAt, 'never'),
    secret: text,
  })
}

export function secretsTable(secrets: readonly ClientSecret[]): string {
  return table(
    ['ID', 'SECRET', 'DESCRIPTION', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED'],
    secrets.map((secret) => [
      secret.id,
      secret.hint,
      secret.description,
      secret.state,
      time(secret.createdAt),
      time(secret.expiresAt, 'never'),
      time(secret.lastUsedAt, 'never'),
    ]),
  )
}
