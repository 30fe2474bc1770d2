import type { FastifyRequest } from 'fastify'
import type { Attempts } from '../access/attempts/attempts.ts'
import type { Audit } from '../access/audit/audit.ts'
import type { Client, ClientAuthMethod } from '../access/clients/client.ts'
import type { ResolveClient } from '../access/clients/client-resolver.ts'
import type { LastUse } from '../access/secrets/last-use.ts'
import type { SecretVerification } from '../access/secrets/secret-verification.ts'
import type { ChangeFeed } from '../database/change-feed.ts'
import type { Form } from '../protocol/form.ts'
import { invalidClient, invalidRequest, OAuthError } from '../protocol/oauth-error.ts'
import type { ClientCredentials, CredentialReader } from './client-authentication-readers.ts'
import type { VerifyClientAssertion } from './client-assertion.ts'

/**
 * Client authentication of all OAuth endpoints: one way a request, attempts limited, failures
 * recorded. What a request presents is found by readers (`client-authentication-readers.ts`), to
 * which dialects add theirs; secrets are judged in `access/secrets`, signed assertions in
 * `client-assertion.ts`.
 */
export interface AuthenticateClient {
  /**
   * @throws OAuthError invalid_client; invalid_request when more than one way was used;
   * too_many_attempts after many failures from the same network
   */
  (request: FastifyRequest, form: Form): Promise<AuthenticatedClient>
}

/** The client, and how it proved itself. */
export interface AuthenticatedClient {
  client: Client
  /** null: it has none, or proved itself by its key. */
  secretId: string | null
  /** `none`: it did not, as public clients cannot. */
  method: ClientAuthMethod
}

/** `wrong` counts as guessing; what was right once does not. */
type Proof =
  | { kind: 'right'; client: Client; secretId: string | null }
  | { kind: 'wrong' | 'ended'; reason: string }

export function createClientAuthentication(options: {
  readers: readonly CredentialReader[]
  resolveClient: ResolveClient
  secretVerification: SecretVerification
  verifyClientAssertion: VerifyClientAssertion
  lastUse: LastUse
  attempts: Attempts
  audit: Audit
  feed: ChangeFeed
}): AuthenticateClient {
  const { readers, resolveClient, secretVerification, verifyClientAssertion } = options
  const { lastUse, attempts, audit, feed } = options

  async function proveBySecret(clientId: string, secret: string): Promise<Proof> {
    const outcome = await secretVerification.verify(clientId, secret)
    if (outcome.kind !== 'valid') return outcome
    const known = resolveClient(clientId)
    const client = known instanceof Promise ? await known : known
    if (!client) return { kind: 'ended', reason: 'client_unknown' }
    const refusal = refusalOf(client, 'client_secret')
    if (refusal) return { kind: 'ended', reason: refusal }
    lastUse.note(outcome.secretId, secret, outcome.pepperVersion)
    return { kind: 'right', client, secretId: outcome.secretId }
  }

  async function proveByKey(clientId: string, assertion: string, address: string): Promise<Proof> {
    const client = await resolveClient(clientId, address)
    if (!client) return { kind: 'wrong', reason: 'client_unknown' }
    const refusal = refusalOf(client, 'private_key_jwt')
    if (refusal) return { kind: 'wrong', reason: refusal }
    const fault = await verifyClientAssertion(client, assertion)
    return fault === null
      ? { kind: 'right', client, secretId: null }
      : { kind: 'wrong', reason: fault }
  }

  async function believe(clientId: string, address: string): Promise<Proof> {
    const client = await resolveClient(clientId, address)
    if (!client) return { kind: 'wrong', reason: 'client_unknown' }
    const refusal = refusalOf(client, 'none')
    return refusal ? { kind: 'wrong', reason: refusal } : { kind: 'right', client, secretId: null }
  }

  function prove(credentials: ClientCredentials, address: string): Promise<Proof> {
    switch (credentials.kind) {
      case 'secret':
        return proveBySecret(credentials.clientId, credentials.secret)
      case 'assertion':
        return proveByKey(credentials.clientId, credentials.assertion, address)
      case 'none':
        return believe(credentials.clientId, address)
    }
  }

  return async function authenticateClient(request, form) {
    const credentials = soleCredentials(readers, request, form)
    const { clientId } = credentials
    refuseGuessing(attempts.waitSeconds(clientId, request.ip))

    const stale = feed.ensureFresh()
    if (stale) await stale
    const proof = await prove(credentials, request.ip)
    if (proof.kind === 'right') {
      return { client: proof.client, secretId: proof.secretId, method: METHODS[credentials.kind] }
    }
    if (proof.kind === 'wrong') attempts.countFailure(clientId, request.ip)
    audit.countFailure({
      action: 'authentication',
      clientId: clientId.slice(0, 100),
      reason: proof.reason,
      address: request.ip,
    })
    throw invalidClient(proof.reason)
  }
}

const METHODS = { secret: 'client_secret', assertion: 'private_key_jwt', none: 'none' } as const

/** Why the client may not log in at all, or not like that: one way is registered for it (RFC 7591 §2). */
function refusalOf(client: Client, method: ClientAuthMethod): string | null {
  if (client.suspended || client.customerSuspended) return 'client_suspended'
  return client.authMethod === method ? null : 'wrong_method'
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
