import { OAuthError } from '../protocol/oauth-error.ts'
import type { AuthenticatedClient } from './client-authentication.ts'
import { invalidProof } from './dpop.ts'

/**
 * What a client of the profile `fapi2` must do wherever it logs in (FAPI 2.0 Security Profile
 * §5.3.2.1). That it pushes its authorization requests is judged at the authorization endpoint; that
 * its refresh tokens are kept, by the grant (`grants/refresh-token.ts`).
 * @param jkt the key it proved
 * @throws OAuthError
 */
export function requireProfile({ client, method }: AuthenticatedClient, jkt: string | null): void {
  if (client.profile === null) return
  if (method !== 'private_key_jwt') {
    throw new OAuthError('unauthorized_client', 'This client must log in with private_key_jwt.')
  }
  if (jkt === null) throw invalidProof('This client must prove a DPoP key.')
}
