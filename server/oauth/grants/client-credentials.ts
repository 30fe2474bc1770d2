import type { Apis } from '../../access/scopes/apis.ts'
import { requestedScopes } from '../../access/scopes/requested-scopes.ts'
import type { Grant } from './grant.ts'

/** RFC 6749 §4.4: the client acts for itself, which only confidential clients may. */
export function clientCredentialsGrant({ apis }: { apis: Apis }): Grant {
  return {
    type: 'client_credentials',
    confidentialOnly: true,
    decide: ({ client }, form) =>
      requestedScopes(apis, client.scopes, form.get('scope'), form.all('resource')),
  }
}
