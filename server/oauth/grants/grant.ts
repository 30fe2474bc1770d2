import type { GrantType } from '../../access/clients/client.ts'
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
  /** @throws OAuthError invalid_request, invalid_grant, invalid_scope, invalid_target */
  decide(authenticated: AuthenticatedClient, form: Form): ScopeGrant | Promise<ScopeGrant>
}
