import type { Areas } from '../../access/areas/areas.ts'
import type { MapDataDetail } from '../../access/areas/map-data-detail.ts'
import { parseDetails } from '../../access/areas/parse-details.ts'
import { storeDetails } from '../../access/areas/store-details.ts'
import { TOKEN_EXCHANGE_GRANT } from '../../access/clients/client.ts'
import type { Grants } from '../../access/grants/grants.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import type { AccessTokenClaims, Caller } from '../../access/tokens/access-token.ts'
import type { VerifyToken } from '../../access/tokens/verify.ts'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Form } from '../../protocol/form.ts'
import {
  invalidGrant,
  invalidRequest,
  invalidScope,
  invalidTarget,
} from '../../protocol/oauth-error.ts'
import { invalidProof } from '../dpop.ts'
import type { Grant } from './grant.ts'

/**
 * RFC 8693, for narrowing: a client turns an access token of its own into one that may do less, to
 * hand it on: fewer scopes, a further area, a shorter life. Never more, never for somebody else. What
 * ends the first token ends the second: its revocation, or the end of its secret or grant. The second
 * manages no secrets.
 */
export function tokenExchangeGrant(options: {
  verifyToken: VerifyToken
  grants: Pick<Grants, 'find'>
  areas: Pick<Areas, 'createIn'>
  apis: Apis
  database: Database
  clock: Clock
}): Grant {
  const { verifyToken, grants, areas, apis, database, clock } = options

  /**
   * Areas are never cut with each other: the list grows, and every layer of it must permit what the
   * token is used for.
   */
  async function furtherDetails(
    claims: AccessTokenClaims,
    text: string | null,
  ): Promise<LayeredDetail[]> {
    const before = (claims.authorization_details ?? []) as readonly LayeredDetail[]
    if (text === null) return [...before]
    const requested = parseDetails(text)
    if (before.length + requested.length > MAXIMUM_DETAILS) {
      throw tooMany()
    }
    const layer = 1 + Math.max(0, ...before.map((detail) => detail.layer ?? 0))
    const added = await storeDetails({ database, areas }, requested, 'issued')
    const details = [...before, ...added.map((detail) => ({ ...detail, layer }))]
    if (JSON.stringify(details).length > MAXIMUM_DETAILS_LENGTH) throw tooMany()
    return details
  }

  async function subjectOf(form: Form, clientId: string, jkt: string | null): Promise<Caller> {
    const outcome = await verifyToken(form.require('subject_token'))
    if (outcome.kind === 'invalid') throw refused(outcome.reason)
    const { caller } = outcome
    if (caller.kind === 'client-token') throw refused('client_token')
    if (caller.clientId !== clientId) throw refused('token_of_other_client')
    // Else a stolen token that is worth nothing without its key would be worth something again.
    if (caller.jkt !== null && caller.jkt !== jkt) {
      throw invalidProof('The subject_token is bound to a key that was not proven.')
    }
    return caller
  }

  return {
    type: TOKEN_EXCHANGE_GRANT,
    confidentialOnly: false,
    takesDetails: true,
    async decide({ client }, form, { issuer, jkt }) {
      requireKnown(form)
      const caller = await subjectOf(form, client.id, jkt)
      const { claims } = caller
      if (claims.iss !== issuer) throw refused('token_of_other_issuer')
      const grant = caller.grantId === null ? null : await grants.find(caller.grantId)
      if (caller.grantId !== null && !grant) throw refused('grant_unknown')
      const scopes = fewerScopes(apis, caller, form)
      const left = claims.exp - Math.floor(clock.now() / 1_000)
      return {
        scopes,
        audience: fewerAudiences(apis, claims, scopes),
        exchangedFrom: withFurther(claims),
        narrowed: true,
        secretId: caller.secretId,
        ...(grant && { grant }),
        details: await furtherDetails(claims, form.get('authorization_details')),
        lifetimeSeconds: Math.min(left, client.tokenLifetimeSeconds, lifetimeOf(form)),
        refresh: null,
        members: { issued_token_type: ACCESS_TOKEN },
      }
    },
  }
}

/**
 * Details of one layer add up, as those of a person's grant do, which are layer 0 and do not say so.
 * Each exchange puts its own on top.
 */
export interface LayeredDetail extends MapDataDetail {
  layer?: number
}

/** How often a token may be exchanged: each names all before it, and all are looked up at each call. */
const MAXIMUM_EXCHANGES = 10

function withFurther({ jti, exchanged_from: before = [] }: AccessTokenClaims): readonly string[] {
  if (before.length < MAXIMUM_EXCHANGES) return [...before, jti]
  throw invalidRequest(`The subject_token was exchanged ${MAXIMUM_EXCHANGES} times already.`)
}

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

const MAXIMUM_DETAILS = 20

/** With more, the token would be longer than the gateway takes. */
const MAXIMUM_DETAILS_LENGTH = 4_000

const tooMany = () =>
  invalidRequest('With these authorization_details the token would have too many.')

/** What is not understood is refused, not dropped: it might have been meant to limit. */
function requireKnown(form: Form): void {
  if (form.require('subject_token_type') !== ACCESS_TOKEN) {
    throw invalidRequest(`The subject_token_type must be ${ACCESS_TOKEN}.`)
  }
  const requested = form.get('requested_token_type')
  if (requested !== null && requested !== ACCESS_TOKEN) {
    throw invalidRequest(`The requested_token_type must be ${ACCESS_TOKEN}.`)
  }
  for (const name of ['actor_token', 'actor_token_type']) {
    if (form.get(name) !== null) throw invalidRequest(`The parameter ${name} is not supported.`)
  }
}

/** Those of the token that were asked for, by scope, resource or audience. */
function fewerScopes(apis: Apis, caller: Caller, form: Form): string[] {
  const audiences = [caller.claims.aud].flat()
  const targets = [...form.all('resource'), ...form.all('audience')].map((name) => {
    const api = apis.named(name)
    if (!api || !audiences.includes(api.audience)) {
      throw invalidTarget('The subject_token is not for that resource.')
    }
    return api
  })
  const isTarget = (scope: string) =>
    targets.length === 0 || targets.some((api) => api === apis.ofScope(scope))
  const asked = form
    .get('scope')
    ?.split(' ')
    .filter((word) => word !== '')
  for (const scope of asked ?? []) {
    if (!caller.scopes.includes(scope)) {
      throw invalidScope('The scope has something that the subject_token has not.')
    }
    if (!isTarget(scope))
      throw invalidTarget('The scope has something that is not of the resource.')
  }
  const scopes = caller.scopes.filter(
    (scope) => (asked ?? [scope]).includes(scope) && isTarget(scope),
  )
  if (scopes.length === 0) throw invalidScope('Nothing is left of the scopes of the subject_token.')
  return scopes
}

function fewerAudiences(
  apis: Apis,
  claims: AccessTokenClaims,
  scopes: readonly string[],
): readonly string[] {
  const audiences = [claims.aud].flat()
  const needed = audiences.filter((name) =>
    scopes.some((scope) => apis.ofScope(scope)?.audience === name),
  )
  // A token that only has scopes of OpenID is for userinfo.
  return needed.length > 0 ? needed : audiences
}

/** Our own parameter: RFC 8693 has none for it. */
function lifetimeOf(form: Form): number {
  const text = form.get('expires_in')
  if (text === null) return Number.POSITIVE_INFINITY
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw invalidRequest('The expires_in must be a number of seconds, at least 1.')
  }
  return Number(text)
}

const refused = (reason: string) => invalidGrant('The subject_token is not valid.', reason)
