import type { RequestedDetail } from '../../access/areas/parse-details.ts'
import type { Client } from '../../access/clients/client.ts'
import type { AuthorizationRequest } from '../../access/interactions/interaction.ts'
import type { PushedRequest } from '../../access/interactions/pushed-requests.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import type { Form } from '../../protocol/form.ts'
import { invalidRequest, OAuthError } from '../../protocol/oauth-error.ts'
import { isCodeChallenge } from '../../protocol/pkce.ts'
import { requestedAccess } from '../requested-access.ts'
import type { AuthorizationProfile } from './profile.ts'
import { judgeSignInWishes, type SignInWishesOptions } from './sign-in-wishes.ts'
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

export interface JudgeOptions extends SignInWishesOptions {
  apis: Apis
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
  const access = requestedAccess(options, client, form)
  const wishes = await judgeSignInWishes(options, form, { id: client.id, issuer: profile.issuer })
  return {
    profile: profile.name,
    issuer: profile.issuer,
    clientId: client.id,
    redirectUri: target.redirectUri,
    redirectUriGiven: target.redirectUriGiven,
    responseMode: target.responseMode,
    state: target.state,
    ...access,
    ...wishes,
    codeChallenge,
    nonce: form.get('nonce'),
    dpopJkt: judgeKey(inquiry),
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
