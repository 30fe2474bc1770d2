import type { FastifyRequest } from 'fastify'
import type { Attempts } from '../access/attempts/attempts.ts'
import type { Audit } from '../access/audit/audit.ts'
import type { Client } from '../access/clients/client.ts'
import type { Clients } from '../access/clients/clients.ts'
import type { LastUse } from '../access/secrets/last-use.ts'
import type { SecretVerification } from '../access/secrets/secret-verification.ts'
import type { ChangeFeed } from '../database/change-feed.ts'
import { authorizationHeaders } from '../http/authorization.ts'
import type { Form } from '../protocol/form.ts'
import { invalidClient, invalidRequest, OAuthError } from '../protocol/oauth-error.ts'

/** What a client presented to prove who it is (RFC 6749 §2.3.1). */
export interface ClientCredentials {
  clientId: string
  secret: string
}

/** Finds the credentials in a request; null when this way was not used. Dialects bring their own. */
export type CredentialReader = (request: FastifyRequest, form: Form) => ClientCredentials | null

/** The client, and the secret it proved itself with. */
export interface AuthenticatedClient {
  client: Client
  secretId: string
}

export interface AuthenticateClient {
  /**
   * @throws OAuthError invalid_client; invalid_request when more than one way was used;
   * too_many_attempts after many failures from the same network
   */
  (request: FastifyRequest, form: Form): Promise<AuthenticatedClient>
}

/** Client authentication of all OAuth endpoints: one way a request, attempts limited, failures recorded. */
export function createClientAuthentication(options: {
  readers: readonly CredentialReader[]
  clients: Clients
  secretVerification: SecretVerification
  lastUse: LastUse
  attempts: Attempts
  audit: Audit
  feed: ChangeFeed
}): AuthenticateClient {
  const { readers, clients, secretVerification, lastUse, attempts, audit, feed } = options

  return async function authenticateClient(request, form) {
    const { clientId, secret } = soleCredentials(readers, request, form)
    refuseGuessing(attempts.waitSeconds(clientId, request.ip))

    const stale = feed.ensureFresh()
    if (stale) await stale
    const outcome = await secretVerification.verify(clientId, secret)
    if (outcome.kind === 'wrong') attempts.countFailure(clientId, request.ip)
    const reason = outcome.kind === 'valid' ? null : outcome.reason
    const client = reason === null ? await clients.known(clientId) : null
    const refused =
      reason ??
      (!client
        ? 'client_unknown'
        : client.suspended || client.customerSuspended
          ? 'client_suspended'
          : null)
    if (outcome.kind !== 'valid' || !client || refused !== null) {
      audit.countFailure({
        action: 'authentication',
        clientId: clientId.slice(0, 100),
        reason: refused ?? 'refused',
        address: request.ip,
      })
      throw invalidClient(refused ?? 'refused')
    }
    lastUse.note(outcome.secretId, secret, outcome.pepperVersion)
    return { client, secretId: outcome.secretId }
  }
}

function soleCredentials(
  readers: readonly CredentialReader[],
  request: FastifyRequest,
  form: Form,
): ClientCredentials {
  let sole: ClientCredentials | null = null
  for (const read of readers) {
    const found = read(request, form)
    if (!found) continue
    // RFC 6749 §2.3: a client uses one method in a request.
    if (sole) throw invalidRequest('More than one way of client authentication was used.')
    sole = found
  }
  if (sole) return sole
  throw invalidClient('no_credentials')
}

function refuseGuessing(seconds: number): void {
  if (seconds === 0) return
  throw new OAuthError('too_many_attempts', `Too many failures. Try again in ${seconds} seconds.`, {
    headers: { 'retry-after': String(seconds) },
  })
}

/** `client_secret_post` (OAuth 2.1 §2.4.1). */
export const readPostCredentials: CredentialReader = (_request, form) => {
  const secret = form.get('client_secret')
  if (secret === null) return null
  return { clientId: form.require('client_id'), secret }
}

/** `client_secret_basic`: id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). */
export const readBasicCredentials: CredentialReader = (request, form) => {
  const [header, ...others] = authorizationHeaders(request)
  if (header === undefined) return null
  if (others.length > 0) throw invalidRequest('There is more than one Authorization header.')
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header)?.[1]
  if (encoded === undefined) {
    throw invalidRequest('The Authorization header is not well-formed Basic credentials.')
  }
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0 || !Buffer.from(text, 'utf8').equals(bytes)) throw badlyEncoded()
  const clientId = formDecode(text.slice(0, colon))
  const inForm = form.get('client_id')
  if (inForm !== null && inForm !== clientId) {
    throw invalidRequest('The client_id differs from the one in the Authorization header.')
  }
  return { clientId, secret: formDecode(text.slice(colon + 1)) }
}

function formDecode(text: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw badlyEncoded()
  }
  // No id and no secret has one, and Postgres takes none in a text.
  if (decoded.includes('\0')) throw badlyEncoded()
  return decoded
}

const badlyEncoded = () => invalidRequest('The Basic credentials are not well encoded.')
