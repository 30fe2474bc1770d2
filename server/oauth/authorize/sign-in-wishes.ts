import type { IdentityProvider } from '../../access/identity-providers/identity-provider.ts'
import type { AuthorizationRequest } from '../../access/interactions/interaction.ts'
import type { SigningKeys } from '../../access/keys/signing-keys.ts'
import type { Form } from '../../protocol/form.ts'
import { invalidRequest } from '../../protocol/oauth-error.ts'
import { verifiedIdToken } from '../verified-id-token.ts'
import { parseClaims } from './claims-parameter.ts'

/** What a request wants of the sign-in (OpenID Connect Core §3.1.2.1): who, how lately, with which pages. */
export type SignInWishes = Pick<
  AuthorizationRequest,
  | 'prompts'
  | 'maxAge'
  | 'claims'
  | 'loginHint'
  | 'hintedAccountId'
  | 'acrValues'
  | 'providerId'
  | 'uiLocales'
  | 'display'
>

export interface SignInWishesOptions {
  signingKeys: Pick<SigningKeys, 'find'>
  identityProviders: { find(id: string): Promise<Pick<IdentityProvider, 'id'> | null> }
}

/**
 * @param client to which an `id_token_hint` must have been issued, and by which issuer
 * @throws OAuthError invalid_request, unmet_authentication_requirements
 */
export async function judgeSignInWishes(
  { signingKeys, identityProviders }: SignInWishesOptions,
  form: Form,
  client: { id: string; issuer: string },
): Promise<SignInWishes> {
  const prompts = judgePrompts(form)
  const maxAge = judgeMaxAge(form)
  const claims = judgeClaims(form)
  const acrValues = wordsOf(form, 'acr_values')
  return {
    prompts,
    maxAge,
    claims: claims?.claims ?? null,
    loginHint: form.get('login_hint'),
    hintedAccountId: await judgeHint(signingKeys, form, client, claims?.accountId ?? null),
    acrValues,
    providerId: await judgeProvider(identityProviders, acrValues),
    uiLocales: wordsOf(form, 'ui_locales'),
    display: judgeDisplay(form),
  }
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
  signingKeys: Pick<SigningKeys, 'find'>,
  form: Form,
  client: { id: string; issuer: string },
  claimed: string | null,
): Promise<string | null> {
  const text = form.get('id_token_hint')
  if (text === null) return claimed
  const hint = await verifiedIdToken(text, signingKeys)
  if (!hint || hint.issuer !== client.issuer || hint.clientId !== client.id) {
    throw invalidRequest('The id_token_hint is not an ID token of this client.')
  }
  if (claimed !== null && claimed !== hint.accountId) {
    throw invalidRequest('The id_token_hint and the claims name different persons.')
  }
  return hint.accountId
}

async function judgeProvider(
  identityProviders: SignInWishesOptions['identityProviders'],
  acrValues: readonly string[],
): Promise<string | null> {
  const name = acrValues.find((value) => value.startsWith('idp:'))?.slice('idp:'.length)
  if (name === undefined) return null
  const provider = await identityProviders.find(name)
  if (!provider) throw invalidRequest('The identity provider of acr_values is not known here.')
  return provider.id
}

/** A hint: what is not known is no fault (OpenID Connect Core §3.1.2.1). */
function judgeDisplay(form: Form): string | null {
  const display = form.get('display')
  return display !== null && ['page', 'popup', 'touch', 'wap'].includes(display) ? display : null
}

function wordsOf(form: Form, name: string): string[] {
  return [...new Set(form.get(name)?.split(' '))].filter((word) => word !== '').slice(0, 20)
}
