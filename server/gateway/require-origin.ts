import type { Client } from '../access/clients/client.ts'
import { Problem } from '../protocol/problem.ts'

/** @throws Problem 403 for an origin that the client's token is not for, or none */
export function requireOrigin(origin: string | undefined, client: Client | null): void {
  const allowed = client?.webOrigins ?? []
  if (allowed.length === 0 || (origin !== undefined && allowed.includes(origin))) return
  throw new Problem(
    403,
    'Forbidden',
    origin === undefined
      ? 'This client token is limited to web origins, and the request has no Origin header.'
      : 'This client token may not be used from this web origin.',
  )
}
