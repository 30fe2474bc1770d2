import type { Write } from '../../database/database.ts'
import type { MapDataDetail } from '../areas/map-data-detail.ts'

/**
 * A request for a person's permission on its way through the pages: what `oauth/` has judged and
 * stored, `sign-in/` shows, and `oauth/` ends. It belongs to the browser that began it, and from the
 * sign-in on to that browser's session: nobody else can carry it on.
 */
export interface Interaction {
  id: string
  clientId: string
  request: AuthorizationRequest
  /** Where the pages send the browser back to after each step, with `?interaction=<id>` added by `resumeUrl`. */
  resumePath: string
  /** The session that took it up; null before the sign-in. */
  sessionId: string | null
  accountId: string | null
  decision: 'allowed' | 'denied' | null
  /** A code, a denial or an approved device has come of it. */
  finished: boolean
  createdAt: number
  expiresAt: number
}

/** A validated request (RFC 6749 §4.1.1 and its companions): nothing in it needs to be judged again. */
export interface AuthorizationRequest {
  /** Whose rules it is under: the core's or a dialect's. */
  profile: string
  /** The `iss` of the answer and of the tokens. */
  issuer: string
  clientId: string
  /** Where the answer goes; null for a device, which polls for it. */
  redirectUri: string | null
  /** Whether the request named it, or the client has only one. */
  redirectUriGiven: boolean
  responseMode: 'query' | 'fragment' | 'form_post'
  state: string | null
  scopes: readonly string[]
  audience: readonly string[]
  details: readonly MapDataDetail[]
  codeChallenge: string | null
  nonce: string | null
  /** The thumbprint of the key that the code is bound to (RFC 9449 §10). */
  dpopJkt: string | null
  prompts: readonly ('none' | 'login' | 'consent' | 'select_account')[]
  /** Seconds. */
  maxAge: number | null
  loginHint: string | null
  /** The account that an `id_token_hint` names. */
  hintedAccountId: string | null
  /** The identity provider that `acr_values=idp:<name>` names. */
  providerId: string | null
  acrValues: readonly string[]
  uiLocales: readonly string[]
  display: string | null
  /** The `claims` parameter (OpenID Connect Core §5.5), judged: JSON. */
  claims: string | null
  /** The request_uri it came from (RFC 9126 §4), to be used up with it: a hash. */
  pushedRequest: string | null
  /** The device code it is for (RFC 8628): a hash. */
  deviceCode: string | null
}

export interface Interactions {
  /** @param browser the browser's cookie value; only its hash is stored */
  begin(begun: {
    browser: string
    request: AuthorizationRequest
    resumePath: string
  }): Promise<Interaction>
  /** null: unknown, expired, finished or another browser's, which is all the same to the caller. */
  find(id: string, browser: string): Promise<Interaction | null>
  /**
   * Ties it to the session that signed in or was chosen. An interaction never changes its account:
   * `taken` when another account has it.
   */
  take(
    id: string,
    browser: string,
    session: { id: string; accountId: string },
  ): Promise<'taken-up' | 'taken' | 'unknown'>
  /** Stores what the person said; only by the session that took it up. */
  decide(
    id: string,
    browser: string,
    sessionId: string,
    decision: 'allowed' | 'denied',
  ): Promise<'decided' | 'unknown'>
  /** One atomic statement: of several calls at once, one gets it. */
  finish(id: string, browser: string): Promise<Interaction | null>
  /** For a caller that has a transaction under way. */
  finishIn(write: Write, id: string, browser: string): Promise<Interaction | null>
  prune(): Promise<void>
}

/** Where the browser goes on. */
export function resumeUrl({ resumePath, id }: Interaction): string {
  return `${resumePath}?interaction=${id}`
}
