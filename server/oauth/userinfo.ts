import type { FastifyReply, FastifyRequest } from 'fastify'
import { subjectOf } from '../access/accounts/account.ts'
import type { Accounts } from '../access/accounts/accounts.ts'
import type { Apis } from '../access/scopes/apis.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import type { VerifyToken } from '../access/tokens/verify.ts'
import { authorizationHeaders } from '../http/authorization.ts'
import type { LimitCall } from '../http/route.ts'
import { type BearerCredential, bearerCredential, BearerError } from '../protocol/bearer.ts'
import { personClaims } from './person-claims.ts'

/**
 * The userinfo endpoint (OpenID Connect Core §5.3), GET and POST: what the person let the client know
 * of them. Any token for this server will do that has the scope `openid` and acts for a person. It is
 * not the gateway's to let in, because a POST may bring its token in the form (RFC 6750 §2.2).
 */
export function createUserinfoEndpoint(options: {
  issuer: string
  apis: Apis
  verifyToken: VerifyToken
  /** As at the gateway: a bound token needs its proof (RFC 9449 §7). @throws BearerError */
  checkBinding: (
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    credential: Credential,
    about: { resourceMetadata: null; scope: string },
  ) => void
  accounts: Pick<Accounts, 'find'>
  limitCall: LimitCall
}) {
  const { issuer, apis, verifyToken, checkBinding, accounts, limitCall } = options
  const ownAudiences = [
    `${issuer}/oauth2/userinfo`,
    ...apis.all.map(({ audience }) => audience).filter((name) => name.startsWith(`${issuer}/`)),
  ]

  /** @throws BearerError */
  async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    const credential = presentedCredential(request)
    const outcome = await verifyToken(credential.token)
    if (outcome.kind === 'invalid') throw refused(outcome.reason)
    const { caller } = outcome
    checkBinding(request, reply, caller, credential, ABOUT)
    if (!caller.scopes.includes('openid') || caller.kind !== 'account') {
      throw new BearerError('insufficient_scope', 'The access token lacks the scope openid.', ABOUT)
    }
    // Another API gets to see its own tokens, and must learn nothing here with them.
    if (![caller.claims.aud].flat().some((name) => ownAudiences.includes(name))) {
      throw refused('wrong_audience')
    }
    return caller
  }

  return async function userinfo(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const caller = await authenticate(request, reply)
    request.principal = caller
    await limitCall(request, reply, caller.clientId)
    const account = await accounts.find(caller.accountId!)
    if (!account || account.suspended) throw refused('account_gone')
    const claims = { sub: subjectOf(account.id), ...personClaims(account, caller.scopes, null) }
    void reply
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify(claims))
  }
}

type Credential = Extract<BearerCredential, { kind: 'token' }>

const ABOUT = { resourceMetadata: null, scope: 'openid' } as const

function presentedCredential(request: FastifyRequest): Credential {
  const inForm = request.form?.get('access_token') ?? null
  const credential = bearerCredential(
    authorizationHeaders(request),
    // As little bound to a header as one in the query.
    inForm === null ? [] : [inForm],
  )
  if (credential.kind === 'token') return credential
  if (credential.kind === 'bad') {
    throw new BearerError('invalid_request', credential.description, ABOUT)
  }
  throw new BearerError(null, 'An access token is needed.', ABOUT)
}

const refused = (reason: string) =>
  new BearerError('invalid_token', 'The access token is not valid.', { ...ABOUT, reason })
