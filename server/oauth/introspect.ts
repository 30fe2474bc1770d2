import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Account, subjectOf } from '../access/accounts/account.ts'
import type { Accounts } from '../access/accounts/accounts.ts'
import type { Client } from '../access/clients/client.ts'
import type { RefreshTokens } from '../access/grants/refresh-tokens.ts'
import type { Apis } from '../access/scopes/apis.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import type { VerifyToken } from '../access/tokens/verify.ts'
import { requireForm } from '../http/forms.ts'
import type { LimitCall } from '../http/route.ts'
import { invalidClient } from '../protocol/oauth-error.ts'
import type { AuthenticateClient } from './client-authentication.ts'

/**
 * Token introspection (RFC 7662). A client learns of its own tokens, an API's own client of all
 * access tokens for its audience; of any other token only that it is not active.
 */
export function createIntrospectionEndpoint(options: {
  authenticateClient: AuthenticateClient
  verifyToken: VerifyToken
  refreshTokens: Pick<RefreshTokens, 'find'>
  accounts: Pick<Accounts, 'find'>
  apis: Apis
  limitCall: LimitCall
}) {
  const { authenticateClient, verifyToken, refreshTokens, accounts, apis, limitCall } = options

  function mayLearn(client: Client, { kind, claims }: Caller): boolean {
    // What is in a page's source tells nothing of who asks.
    if (kind === 'client-token') return claims.client_id === client.id
    if (claims.client_id === client.id) return true
    const audience = client.apiId && apis.get(client.apiId)?.audience
    return Boolean(audience) && [claims.aud].flat().includes(audience as string)
  }

  async function describeAccessToken(client: Client, token: string): Promise<object> {
    const outcome = await verifyToken(token)
    if (outcome.kind === 'invalid' || !mayLearn(client, outcome.caller)) return INACTIVE
    const { caller } = outcome
    const { narrowed: _narrowed, shared: _shared, ...rest } = caller.claims
    const { exchanged_from: _exchangedFrom, ...claims } = rest
    if (caller.kind === 'client-token') {
      const { client_id, scope, aud, iss, sub } = claims
      return { active: true, token_type: 'Bearer', client_id, scope, aud, iss, sub }
    }
    const account = caller.accountId === null ? null : await accounts.find(caller.accountId)
    return {
      active: true,
      token_type: caller.jkt === null ? 'Bearer' : 'DPoP',
      ...claims,
      ...usernameOf(account, caller.scopes),
    }
  }

  async function describeRefreshToken(client: Client, token: string): Promise<object> {
    const found = await refreshTokens.find(token)
    if (!found || !found.usable || found.clientId !== client.id) return INACTIVE
    const { grant } = found
    const account = await accounts.find(grant.accountId)
    if (!account || account.suspended) return INACTIVE
    return {
      active: true,
      client_id: client.id,
      sub: subjectOf(grant.accountId),
      ...usernameOf(account, grant.scopes),
      scope: grant.scopes.join(' '),
      iss: grant.issuer,
      aud: grant.audience,
      exp: Math.floor(found.expiresAt / 1_000),
      ...(grant.details.length > 0 && { authorization_details: grant.details }),
      // RFC 9449 §6.2: of a public client, whose refresh tokens alone are bound.
      ...(client.type === 'public' && grant.dpopJkt !== null && { cnf: { jkt: grant.dpopJkt } }),
    }
  }

  return async function introspect(request: FastifyRequest, reply: FastifyReply): Promise<object> {
    const form = requireForm(request)
    const { client, secretId, method } = await authenticateClient(request, form)
    // RFC 7662 §2.1: else anybody could try tokens out.
    if (method === 'none') throw invalidClient('public_client')
    request.principal = { clientId: client.id, secretId }
    await limitCall(request, reply, client.id)
    void reply.header('cache-control', 'no-store')
    const token = form.require('token')
    return token.startsWith('mgr_')
      ? describeRefreshToken(client, token)
      : describeAccessToken(client, token)
  }
}

const INACTIVE = { active: false }

/** The e-mail address, as far as the person allowed the client to know it. */
const usernameOf = (account: Account | null, scopes: readonly string[]) =>
  account && scopes.includes('email') ? { username: account.email } : {}
