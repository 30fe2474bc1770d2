import {
  invalidDetails,
  parseDetails,
  type RequestedDetail,
} from '../../access/areas/parse-details.ts'
import { isMapAction } from '../../access/areas/map-data-detail.ts'
import type { Client } from '../../access/clients/client.ts'
import type { IdentityProvider } from '../../access/identity-providers/identity-provider.ts'
import type { AuthorizationRequest } from '../../access/interactions/interaction.ts'
import type { PushedRequest } from '../../access/interactions/pushed-requests.ts'
import type { SigningKeys } from '../../access/keys/signing-keys.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import { personScopes, personScopesOf } from '../../access/scopes/person-scopes.ts'
import type { Form } from '../../protocol/form.ts'
import { invalidRequest, OAuthError } from '../../protocol/oauth-error.ts'
import { isCodeChallenge } from '../../protocol/pkce.ts'
import { verifiedIdToken } from '../verified-id-token.ts'
import { parseClaims } from './claims-parameter.ts'
import type { AuthorizationProfile } from './profile.ts'
import { isResponseMode, type Target } from './target.ts'

/** A request that was judged; the areas of its details are still to be stored. */
export type JudgedRequest = Omit<AuthorizationRequest, 'details' | 'redirectUri'> & {
  redirectUri: string
  details: readonly RequestedDetail[]
}

/** What is judged. */
export interface Inquiry {
  profile: AuthorizationProfile
  target: Target
  form: Form
  /** `pushing`: it is being pushed; null: the browser brought it itself. */
  pushed: PushedRequest | 'pushing' | null
}

export interface JudgeOptions {
  apis: Apis
  signingKeys: Pick<SigningKeys, 'find'>
  identityProviders: { find(id: string): Promise<Pick<IdentityProvider, 'id'> | null> }
  publicUrl: string
}

/**
 * The checks of an authorization request whose client and redirect URI are proven, one after the
 * other: each names what it is about, and the first that fails decides what the client hears.
 * @throws OAuthError for the client (RFC 6749 §4.1.2.1)
 */
export async function judgeRequest(
  options: JudgeOptions,
  inquiry: Inquiry,
): Promise<JudgedRequest> {
  const { profile, target, form, pushed } = inquiry
  const { client } = target
  checkRequestObject(form)
  checkPushed(inquiry)
  checkResponseType(inquiry)
  checkResponseMode(form)
  checkGrantType(client)
  const codeChallenge = judgeChallenge(inquiry)
  const details = judgeDetails(options, inquiry)
  const { scopes, audience } = judgeScopes(options, inquiry, details)
  const prompts = judgePrompts(form)
  const maxAge = judgeMaxAge(form)
  const claims = judgeClaims(form)
  const hintedAccountId = await judgeHint(options, inquiry, claims?.accountId ?? null)
  const acrValues = wordsOf(form, 'acr_values')
  const providerId = await judgeProvider(options, acrValues)
  return {
    profile: profile.name,
    issuer: profile.issuer,
    clientId: client.id,
    redirectUri: target.redirectUri,
    redirectUriGiven: target.redirectUriGiven,
    responseMode: target.responseMode,
    state: target.state,
    scopes,
    audience,
    details,
    codeChallenge,
    nonce: form.get('nonce'),
    dpopJkt: judgeKey(inquiry),
    prompts,
    maxAge,
    loginHint: form.get('login_hint'),
    hintedAccountId,
    providerId,
    acrValues,
    uiLocales: wordsOf(form, 'ui_locales'),
    display: judgeDisplay(form),
    claims: claims?.claims ?? null,
    pushedRequest: pushed !== null && pushed !== 'pushing' ? pushed.hash : null,
    deviceCode: null,
  }
}

/** RFC 9101 §7: request objects are not taken; OpenID Connect Core §3.1.2.6 has the codes. */
function checkRequestObject(form: Form): void {
  if (form.get('request') !== null) {
    throw new OAuthError('request_not_supported', 'The parameter request is not supported.')
  }
  if (form.get('request_uri') !== null) {
    throw new OAuthError('request_uri_not_supported', 'Only a request_uri of /oauth2/par is taken.')
  }
}

/** RFC 9126 §5, §6; FAPI 2.0 Security Profile §5.3.2.2. */
function checkPushed({ target: { client, redirectUriGiven }, pushed }: Inquiry): void {
  if (pushed === null && (client.requirePar || client.profile !== null)) {
    throw invalidRequest('The client must push its authorization requests (/oauth2/par).')
  }
  if (client.profile !== null && !redirectUriGiven) {
    throw invalidRequest('The parameter redirect_uri is missing.')
  }
}

/** RFC 9700 §2.1.2: no token comes out of here, only a code. */
function checkResponseType({ form, profile }: Inquiry): void {
  const type = form.get('response_type') ?? profile.defaultResponseType ?? null
  if (type === null) throw invalidRequest('The parameter response_type is missing.')
  if (type !== 'code') {
    throw new OAuthError('unsupported_response_type', 'The response_type must be code.')
  }
}

function checkResponseMode(form: Form): void {
  const mode = form.get('response_mode')
  if (mode !== null && !isResponseMode(mode)) {
    throw invalidRequest('The response_mode must be query, fragment or form_post.')
  }
}

function checkGrantType({ grants }: Client): void {
  if (!grants.includes('authorization_code')) {
    throw new OAuthError('unauthorized_client', 'The client may not use authorization codes.')
  }
}

/** RFC 9700 §2.1.1: S256 alone; required of public clients, and of others unless their setting says otherwise. */
function judgeChallenge({ form, profile, target: { client } }: Inquiry): string | null {
  const challenge = form.get('code_challenge')
  const method = form.get('code_challenge_method')
  if (challenge === null) {
    const required =
      client.type === 'public' ||
      client.profile !== null ||
      (profile.pkce === 'client' && client.requirePkce)
    if (required) throw invalidRequest('The parameter code_challenge is missing (PKCE).')
    if (method !== null) throw invalidRequest('There is a code_challenge_method without challenge.')
    return null
  }
  // RFC 7636 §4.3: without a method it would be plain, which tells the verifier to whoever sees the request.
  if (method !== 'S256') throw invalidRequest('The code_challenge_method must be S256.')
  if (!isCodeChallenge(challenge)) throw invalidRequest('The code_challenge is malformed.')
  return challenge
}

function judgeDetails({ apis }: JudgeOptions, { form, target }: Inquiry): RequestedDetail[] {
  const text = form.get('authorization_details')
  if (text === null) return []
  const details = parseDetails(text)
  const permitted = personScopesOf(apis, target.client)
  const barred = details.flatMap(({ actions }) => actions).find((name) => !permitted.includes(name))
  if (barred !== undefined) {
    throw invalidDetails(`has the action ${barred}, which the client may not ask for`)
  }
  return details
}

/**
 * Details limit the scopes of map data, so that both say the same (RFC 9396 §3.1): the actions of
 * the details are scopes of the token, and no such scope stands without a limit beside them.
 */
function judgeScopes(
  { apis, publicUrl }: JudgeOptions,
  { form, target }: Inquiry,
  details: readonly RequestedDetail[],
) {
  const asked = form.get('scope')
  const actions = [...new Set(details.flatMap((detail) => detail.actions))]
  const names = asked?.split(' ') ?? []
  const unlimited =
    actions.length > 0 && names.find((name) => isMapAction(name) && !actions.includes(name))
  if (unlimited) throw invalidDetails(`does not say where the scope ${unlimited} holds`)
  return personScopes({
    apis,
    granted: personScopesOf(apis, target.client),
    scope: actions.length > 0 ? [...names, ...actions].join(' ') : asked,
    resources: form.all('resource'),
    userinfo: `${publicUrl}/oauth2/userinfo`,
  })
}

const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const

type Prompt = (typeof PROMPTS)[number]

function judgePrompts(form: Form): Prompt[] {
  const prompts = wordsOf(form, 'prompt')
  const unknown = prompts.some((prompt) => !(PROMPTS as readonly string[]).includes(prompt))
  if (unknown) throw invalidRequest(`The prompt must be of ${PROMPTS.join(', ')}.`)
  // OpenID Connect Core §3.1.2.1
  if (prompts.includes('none') && prompts.length > 1) {
    throw invalidRequest('The prompt none stands alone.')
  }
  return prompts as Prompt[]
}

function judgeMaxAge(form: Form): number | null {
  const text = form.get('max_age')
  if (text === null) return null
  if (!/^\d{1,10}$/.test(text)) throw invalidRequest('The max_age must be a number of seconds.')
  return Number(text)
}

function judgeClaims(form: Form) {
  const text = form.get('claims')
  return text === null ? null : parseClaims(text)
}

/**
 * An ID token of ours for this client, also one that has expired (OpenID Connect Core §3.1.2.1). It
 * and the `claims` may both name an account: then the same.
 */
async function judgeHint(
  { signingKeys }: JudgeOptions,
  { form, profile, target }: Inquiry,
  claimed: string | null,
): Promise<string | null> {
  const text = form.get('id_token_hint')
  if (text === null) return claimed
  const hint = await verifiedIdToken(text, signingKeys)
  if (!hint || hint.issuer !== profile.issuer || hint.clientId !== target.client.id) {
    throw invalidRequest('The id_token_hint is not an ID token of this client.')
  }
  if (claimed !== null && claimed !== hint.accountId) {
    throw invalidRequest('The id_token_hint and the claims name different persons.')
  }
  return hint.accountId
}

async function judgeProvider(
  { identityProviders }: JudgeOptions,
  acrValues: readonly string[],
): Promise<string | null> {
  const name = acrValues.find((value) => value.startsWith('idp:'))?.slice('idp:'.length)
  if (name === undefined) return null
  const provider = await identityProviders.find(name)
  if (!provider) throw invalidRequest('The identity provider of acr_values is not known here.')
  return provider.id
}

/** RFC 9449 §10, §10.1: the key of `dpop_jkt`, or the one that the push was proven with. */
function judgeKey({ form, pushed }: Inquiry): string | null {
  const named = form.get('dpop_jkt')
  const proven = pushed !== null && pushed !== 'pushing' ? pushed.dpopJkt : null
  if (named === null) return proven
  if (!/^[A-Za-z0-9_-]{43}$/.test(named)) throw invalidRequest('The dpop_jkt is malformed.')
  if (proven !== null && proven !== named) {
    throw invalidRequest('The dpop_jkt is not the key of the DPoP proof.')
  }
  return named
}

/** A hint: what is not known is no fault (OpenID Connect Core §3.1.2.1). */
function judgeDisplay(form: Form): string | null {
  const display = form.get('display')
  return display !== null && ['page', 'popup', 'touch', 'wap'].includes(display) ? display : null
}

function wordsOf(form: Form, name: string): string[] {
  return [...new Set(form.get(name)?.split(' '))].filter((word) => word !== '').slice(0, 20)
}
