import type { FastifyReply, FastifyRequest } from 'fastify'
import { invalidDetails } from '../access/areas/parse-details.ts'
import { clientActor } from '../access/audit/actor.ts'
import type { Accounts } from '../access/accounts/accounts.ts'
import type { Client, GrantType } from '../access/clients/client.ts'
import type { Grant as PersonGrant } from '../access/grants/grant.ts'
import type { RefreshTokens } from '../access/grants/refresh-tokens.ts'
import type { IssuedToken, IssueToken } from '../access/tokens/issue.ts'
import { requireForm } from '../http/forms.ts'
import { invalidGrant, OAuthError } from '../protocol/oauth-error.ts'
import type { AuthenticateClient, AuthenticatedClient } from './client-authentication.ts'
import { invalidProof, type ProveKey } from './dpop.ts'
import type { Grant, TokenDecision } from './grants/grant.ts'
import type { CreateIdToken } from './id-token.ts'
import type { LimitClient } from './limit-client.ts'
import { requireProfile } from './profile.ts'

/**
 * The token endpoint (RFC 6749 §3.2): one pipeline that no grant can bypass. Grants bring only their
 * own part (`grants/`). Dialects call `createTokenEndpoint` with their own grants, ways of client
 * authentication and form of the answer.
 */
export interface TokenEndpoint {
  (request: FastifyRequest, reply: FastifyReply): Promise<void>
}

/** All that was issued at once. */
export interface IssuedTokens extends IssuedToken {
  refreshToken: string | null
  idToken: string | null
  grantType: GrantType
  /** Further members of the answer, by the grant. */
  members: Readonly<Record<string, string>>
}

export function createTokenEndpoint(options: {
  /** Of the tokens, and of the codes that are worth something here. */
  issuer: string
  authenticateClient: AuthenticateClient
  grants: readonly Grant[]
  issueToken: IssueToken
  refreshTokens: Pick<RefreshTokens, 'issue'>
  accounts: Pick<Accounts, 'find'>
  createIdToken: CreateIdToken
  proveKey: ProveKey
  limitClient: LimitClient
  /** null: the client's own lifetime. */
  lifetimeSeconds?: number | null
  toAnswer?: (issued: IssuedTokens) => object
}): TokenEndpoint {
  const { issuer, authenticateClient, issueToken, limitClient, proveKey, refreshTokens } = options
  const { lifetimeSeconds = null, accounts, createIdToken } = options
  const toAnswer = options.toAnswer ?? tokenAnswer
  const grants = new Map<string, Grant>(options.grants.map((grant) => [grant.type, grant]))

  return async function token(request, reply) {
    // 1. The form, and the grant it asks for.
    const form = requireForm(request)
    const grantType = form.require('grant_type')

    // 2. and 3. Attempts left? Who is it? Before anything is said of grants and scopes.
    const authenticated = await authenticateClient(request, form)
    const { client, secretId } = authenticated
    request.principal = { clientId: client.id, secretId }
    await limitClient(request, reply, authenticated)

    // 4. May this client use this grant, and as it does? Has it the key that it says it has?
    const grant = permittedGrant(grants, grantType, authenticated)
    const proving = proveKey(request, reply)
    const jkt = proving && (await proving)
    if (client.dpopBound && jkt === null) throw invalidProof('This client must prove a DPoP key.')
    if (client.profile !== null) requireProfile(authenticated, jkt)

    // 5. The grant's own part. What would limit the token is not dropped in silence (RFC 9396 §6).
    if (!grant.takesDetails && form.get('authorization_details') !== null) {
      throw invalidDetails('cannot be given with this grant_type')
    }
    const actor = clientActor(request.principal, request)
    const decision = grant.decide(authenticated, form, { issuer, jkt, actor })
    const decided = decision instanceof Promise ? await decision : decision

    // 6. Issue. Recording (7.) is by `request.principal`, when the answer is out.
    const issue = () => ({
      grantType: grant.type,
      ...issueToken({
        client,
        secretId: decided.secretId === undefined ? secretId : decided.secretId,
        scopes: decided.scopes,
        audience: decided.audience,
        narrowed: decided.narrowed,
        grant: decided.grant,
        details: decided.details,
        customerId: decided.customerId,
        exchangedFrom: decided.exchangedFrom,
        issuer,
        jkt,
        lifetimeSeconds: decided.lifetimeSeconds ?? lifetimeSeconds ?? client.tokenLifetimeSeconds,
      }),
    })
    const { grant: personGrant } = decided
    const body = personGrant
      ? await answerForPerson(client, personGrant, decided, jkt, issue)
      : answerText(decided, issue())

    // 8. RFC 6749 §5.1: tokens are not stored by caches.
    void reply.header('cache-control', 'no-store').type('application/json').send(body)
  }

  /** What acts for a person comes with a refresh token and, if it was asked for, an ID token. */
  async function answerForPerson(
    client: Client,
    grant: PersonGrant,
    decided: TokenDecision,
    jkt: string | null,
    issue: () => IssuedByGrant,
  ): Promise<string> {
    const account = await accounts.find(grant.accountId)
    if (!account || account.suspended) {
      throw invalidGrant('What was granted has ended.', 'account_suspended')
    }
    if (decided.refresh === null) return answerText(decided, issue())
    const { within } = decided
    const make = (refreshToken: string | null) => {
      const issued = issue()
      const idToken = decided.scopes.includes('openid')
        ? createIdToken({
            client,
            grant: { ...grant, scopes: decided.scopes },
            account,
            accessToken: issued.accessToken,
            refreshed: within !== undefined,
          })
        : null
      return answerText(decided, issued, refreshToken, idToken)
    }
    if (within) return within(make)
    if (!client.grants.includes('refresh_token')) return make(null)
    // RFC 9449 §5: those of a confidential client are bound by its authentication.
    return make(await refreshTokens.issue(grant, client.type === 'public' ? jkt : null))
  }

  function answerText(
    { members = NO_MEMBERS }: TokenDecision,
    issued: IssuedByGrant,
    refreshToken: string | null = null,
    idToken: string | null = null,
  ): string {
    return JSON.stringify(toAnswer({ ...issued, refreshToken, idToken, members }))
  }
}

type IssuedByGrant = IssuedToken & Pick<IssuedTokens, 'grantType'>

const NO_MEMBERS = {}

function permittedGrant(
  grants: ReadonlyMap<string, Grant>,
  grantType: string,
  { client, method }: AuthenticatedClient,
): Grant {
  const grant = grants.get(grantType)
  if (!grant) throw new OAuthError('unsupported_grant_type', 'The grant_type is not supported.')
  const barred = grant.confidentialOnly && (client.type !== 'confidential' || method === 'none')
  if (barred || !client.grants.includes(grant.type)) {
    throw new OAuthError('unauthorized_client', 'The client may not use this grant_type.')
  }
  return grant
}

/** RFC 6749 §5.1, and `not_before`, `expires_on` and `resource` as Mapiq has them. */
function tokenAnswer(issued: IssuedTokens): object {
  const { accessToken, refreshToken, idToken, claims, members } = issued
  return {
    access_token: accessToken,
    token_type: claims.cnf ? 'DPoP' : 'Bearer',
    expires_in: claims.exp - claims.iat,
    ...(refreshToken !== null && { refresh_token: refreshToken }),
    ...(idToken !== null && { id_token: idToken }),
    scope: claims.scope,
    // RFC 9396 §7
    ...(claims.authorization_details && { authorization_details: claims.authorization_details }),
    not_before: claims.nbf,
    expires_on: claims.exp,
    resource: Array.isArray(claims.aud) ? claims.aud[0] : claims.aud,
    ...members,
  }
}
