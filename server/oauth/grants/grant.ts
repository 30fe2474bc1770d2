import type { MapDataDetail } from '../../access/areas/map-data-detail.ts'
import type { Actor } from '../../access/audit/actor.ts'
import type { GrantType } from '../../access/clients/client.ts'
import type { Grant as PersonGrant } from '../../access/grants/grant.ts'
import type { ScopeGrant } from '../../access/scopes/requested-scopes.ts'
import type { Form } from '../../protocol/form.ts'
import type { AuthenticatedClient } from '../client-authentication.ts'

/**
 * One grant type's own part of the token endpoint. It decides what the token is for and nothing
 * else: authentication, permission, issuing and recording are the pipeline's (`oauth/token.ts`).
 */
export interface Grant {
  type: GrantType
  /** Whether public clients may not use it: who they are cannot be proven. */
  confidentialOnly: boolean
  /** Whether `authorization_details` of the token request narrow the token; else they are refused. */
  takesDetails?: true
  /** @throws OAuthError invalid_request, invalid_grant, invalid_scope, invalid_target */
  decide(
    authenticated: AuthenticatedClient,
    form: Form,
    request: TokenRequest,
  ): TokenDecision | Promise<TokenDecision>
}

/** What a grant may know of the request besides its form. */
export interface TokenRequest {
  /** Of the token endpoint: what was issued under another issuer is worth nothing here. */
  issuer: string
  /** The thumbprint of the key that the client proved (RFC 9449 §6.1); null without a proof. */
  jkt: string | null
  /** The client, for the audit log. */
  actor: Actor
}

/** What the token is for. */
export interface TokenDecision extends ScopeGrant {
  /** The person it acts for: makes `sub`, `grant_id`, `auth_time` and `acr`. */
  grant?: PersonGrant
  /** Instead of the grant's. */
  details?: readonly MapDataDetail[]
  /** Instead of the client's. */
  lifetimeSeconds?: number
  /** Which secret the token names, when it is not the one that was presented now. */
  secretId?: string | null
  /** Instead of the client's customer: the person's, where the client belongs to nobody. */
  customerId?: string
  /** The tokens it is exchanged from, by `jti`. */
  exchangedFrom?: readonly string[]
  /** null: no refresh token and no id_token, though there is a grant. */
  refresh?: null
  /** Further members of the answer. */
  members?: Readonly<Record<string, string>>
  /**
   * Runs around issuing, for a grant that uses something up with it. What it returns is sent.
   * @param issue makes the answer, a JSON text, with that refresh token in it; it has no other effect,
   * so the answer may be thrown away
   */
  within?: (issue: (refreshToken: string | null) => string) => Promise<string>
}
