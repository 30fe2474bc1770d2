import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as openid from 'openid-client'
import type { Challenges } from '../access/accounts/challenges.ts'
import type { Sessions } from '../access/accounts/session.ts'
import { anonymousActor } from '../access/audit/actor.ts'
import type { Audit } from '../access/audit/audit.ts'
import type { Customers } from '../access/customers/customers.ts'
import type { Admit, AdmitRefusal } from '../access/identity-providers/admission.ts'
import type { IdentityProvider } from '../access/identity-providers/identity-provider.ts'
import type { IdentityProviders } from '../access/identity-providers/identity-providers.ts'
import type { Interactions } from '../access/interactions/interaction.ts'
import type { LimitCall } from '../http/route.ts'
import type { Clock } from '../lib/clock.ts'
import { pageRoute } from '../pages/route.ts'
import { messagesOf, visitorOf } from '../pages/visitor.ts'
import { networkOf } from '../protocol/network.ts'
import { completeSignIn, seeOther } from './complete.ts'
import { type Journey, journeyOf, parameter, startOver } from './journey.ts'
import { localPath } from './local-path.ts'
import { ageParameters, type AskedAge, judgeAuthTime } from './upstream-age.ts'
import type { UpstreamClients } from './upstream-client.ts'
import { sendUpstreamFailure, type UpstreamFailure } from './upstream-pages.ts'

/**
 * Sign-in at a customer's OpenID provider (OpenID Connect Core §3.1), in two steps:
 *
 * 1. `GET /sign-in/upstream?provider=<id>` with `interaction=<id>` or `continue=<path>` keeps what the
 *    answer will be checked against as a challenge of this browser, and sends it to the provider.
 * 2. `GET /sign-in/upstream/callback/<id>` takes the challenge, exchanges the code, checks the ID token
 *    and begins a session, unless the person's address requires another provider.
 *
 * The challenge's text is the `state`: an answer counts once, in the browser that asked for it, so that
 * nobody can be signed in as somebody else. Each provider has a callback of its own, so that none can
 * pass another's code off as its own (RFC 9700 §4.4.2.2); `iss` is checked where it is sent.
 *
 * Who may sign in as whom is decided in `access/identity-providers/admission.ts`, how old the sign-in
 * there may be in `upstream-age.ts`, how this server logs in at a provider in `upstream-client.ts`.
 */
export interface UpstreamOptions {
  publicUrl: string
  identityProviders: Pick<IdentityProviders, 'find' | 'requiredProviderFor'>
  upstreamClients: UpstreamClients
  admit: Admit
  customers: Pick<Customers, 'find'>
  challenges: Challenges
  interactions: Interactions
  sessions: Sessions
  audit: Audit
  /** Counts calls of a network. */
  limitCall: LimitCall
  clock: Clock
}

/** For the person to sign in there, with a second factor if need be: milliseconds. */
const LIFETIME = 15 * 60_000

/** Of a network, which may be a whole organisation in the morning. */
const CALLS = { quota: 300, windowSeconds: 60 }

/** What the answer is checked against, and where it leads. */
interface UpstreamChallenge extends AskedAge {
  providerId: string
  codeVerifier: string
  nonce: string
  fields: Journey['fields']
}

export function callbackUrl(publicUrl: string, providerId: string): string {
  return `${publicUrl}/sign-in/upstream/callback/${providerId}`
}

export function upstreamRoutes(app: FastifyInstance, options: UpstreamOptions): void {
  const { publicUrl, identityProviders, upstreamClients, challenges, interactions, clock } = options
  // Each call makes the server ask another one.
  app.addHook('onRequest', async (request, reply) => {
    await options.limitCall(request, reply, `network:${networkOf(request.ip)}`)
  })

  app.get('/sign-in/upstream', pageRoute('sign-in.upstream', CALLS), async (request, reply) => {
    const { visitor, interaction, fields } = await journeyOf(request, reply, options)
    const provider = await identityProviders.find(parameter(request, 'provider') ?? '')
    const fail = failure(request, reply, { provider, fields })
    if (!provider) return fail('unknown-provider', 'unknown_provider')
    const customer = await options.customers.find(provider.customerId)
    if (!customer || customer.suspended) return fail('unavailable', 'customer_suspended')
    let configuration: openid.Configuration
    try {
      configuration = await upstreamClients.of(provider)
    } catch (error) {
      return fail('unavailable', reasonOf(error), error)
    }
    const wanted = interaction?.request
    // A fresh sign-in here, asked for by a client or before a sensitive change, means one there: here
    // nobody types anything.
    const fresh = wanted ? wanted.prompts.includes('login') : visitor.session !== null
    const challenge: UpstreamChallenge = {
      providerId: provider.id,
      codeVerifier: openid.randomPKCECodeVerifier(),
      nonce: openid.randomNonce(),
      begunAt: clock.now(),
      maxAge: fresh ? 0 : (wanted?.maxAge ?? null),
      fields,
    }
    const state = await challenges.create('upstream', visitor.browser, null, challenge, LIFETIME)
    const loginHint = parameter(request, 'login_hint') ?? wanted?.loginHint ?? null
    const target = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: callbackUrl(publicUrl, provider.id),
      scope: 'openid profile email',
      state,
      nonce: challenge.nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(challenge.codeVerifier),
      code_challenge_method: 'S256',
      ...ageParameters(challenge),
      ...(loginHint !== null && { login_hint: loginHint }),
    })
    return seeOther(reply, target.href)
  })

  const callback = '/sign-in/upstream/callback/:provider'
  app.get(callback, pageRoute('sign-in.upstream-callback', CALLS), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const { browser } = visitor
    const state = parameter(request, 'state')
    const answered = state === null ? null : await challenges.take(state, 'upstream', browser)
    if (!answered || state === null) {
      return failure(request, reply, { provider: null, fields: {} })('expired', 'unknown_state')
    }
    const challenge = answered.body as UpstreamChallenge
    const { fields } = challenge
    const provider = await identityProviders.find(challenge.providerId)
    const fail = failure(request, reply, { provider, fields })
    // RFC 9700 §4.4.2.2: an answer at another provider's callback is a mix-up.
    if (!provider || provider.id !== (request.params as { provider: string }).provider) {
      return fail('refused', 'other_provider')
    }
    let claims: Claims
    try {
      claims = await getClaims(request, provider, challenge, state)
    } catch (error) {
      const denied = error instanceof openid.AuthorizationResponseError
      return fail(denied ? 'denied' : 'refused', reasonOf(error), error)
    }
    const authTime = judgeAuthTime(claims['auth_time'], challenge, clock.now())
    if (authTime.kind === 'too-old') return fail('not-fresh', 'auth_time')
    const admitted = await options.admit(anonymousActor(request), provider, claims)
    if (admitted.kind === 'refused') {
      return fail(REFUSALS[admitted.reason], admitted.reason)
    }
    const { interaction: id } = fields
    const interaction = id === undefined ? null : await interactions.find(id, browser)
    if (id !== undefined && !interaction) throw startOver(messagesOf(request))
    const { account } = admitted
    return completeSignIn(request, reply, options, {
      journey: {
        visitor,
        messages: messagesOf(request, interaction?.request.uiLocales),
        interaction,
        continueTo: localPath(fields.continue ?? null),
        fields,
      },
      account,
      methods: ['fed'],
      authenticatedAt: authTime.at,
      providerId: provider.id,
    })
  })

  /** Exchanges the code; checks `iss`, signature, audience, nonce and expiry. */
  async function getClaims(
    request: FastifyRequest,
    provider: IdentityProvider,
    challenge: UpstreamChallenge,
    state: string,
  ): Promise<Claims> {
    const configuration = await upstreamClients.of(provider)
    const answered = new URL(callbackUrl(publicUrl, provider.id))
    const { url } = request
    answered.search = url.includes('?') ? url.slice(url.indexOf('?')) : ''
    const tokens = await openid.authorizationCodeGrant(configuration, answered, {
      expectedState: state,
      expectedNonce: challenge.nonce,
      pkceCodeVerifier: challenge.codeVerifier,
      idTokenExpected: true,
    })
    const idToken = tokens.claims()!
    const { roleClaim } = provider
    const complete =
      idToken['email'] !== undefined && (roleClaim === null || idToken[roleClaim] !== undefined)
    if (complete || !configuration.serverMetadata().userinfo_endpoint) return idToken
    const info = await openid.fetchUserInfo(configuration, tokens.access_token, idToken.sub)
    return { ...info, ...idToken }
  }

  function failure(
    request: FastifyRequest,
    reply: FastifyReply,
    about: { provider: IdentityProvider | null; fields: Journey['fields'] },
  ) {
    const { provider } = about
    return (kind: UpstreamFailure, reason: string, cause?: unknown): FastifyReply => {
      const logged = { reason, requestId: request.id, provider: provider?.id }
      request.log.info({ ...logged, cause: outboundReason(cause) }, 'refused')
      options.audit.countFailure({
        action: 'authentication',
        clientId: null,
        customerId: provider?.customerId,
        reason: `upstream_${reason}`,
        address: request.ip,
      })
      return sendUpstreamFailure(request, reply, { kind, ...about })
    }
  }
}

type Claims = Record<string, unknown> & { sub: string }

const REFUSALS: Record<AdmitRefusal, UpstreamFailure> = {
  bad_subject: 'refused',
  no_email: 'no-email',
  email_not_verified: 'no-email',
  foreign_domain: 'foreign-domain',
  suspended: 'suspended',
  conflict: 'refused',
}

/** A code for the log: messages may quote what a provider sent. */
function reasonOf(error: unknown): string {
  if (error instanceof openid.AuthorizationResponseError) return `answer_${safe(error.error)}`
  if (error instanceof openid.ResponseBodyError) return `token_${safe(error.error)}`
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed'
  return safe(code)
}

const safe = (code: string) => code.replace(/[^\w.-]+/g, '_').slice(0, 60)

/** What the guard of `access/outbound` says; it names nothing of this network. */
function outboundReason(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at.name === 'OutboundError') return at.message
  }
  return undefined
}
