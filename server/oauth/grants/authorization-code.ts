import type { AuthorizationCodes } from '../../access/grants/authorization-codes.ts'
import type { Grant as PersonGrant } from '../../access/grants/grant.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import { invalidGrant } from '../../protocol/oauth-error.ts'
import { grantedScopes } from './granted-scopes.ts'
import type { Grant } from './grant.ts'

/**
 * RFC 6749 §4.1.3: the code that a person's consent came to. What it stands for was decided at the
 * authorization endpoint; `resource` may narrow it (RFC 8707 §2.2).
 */
export function authorizationCodeGrant(options: {
  authorizationCodes: Pick<AuthorizationCodes, 'redeem'>
  apis: Apis
  publicUrl: string
}): Grant {
  const { authorizationCodes, apis, publicUrl } = options
  return {
    type: 'authorization_code',
    confidentialOnly: false,
    async decide({ client }, form, { issuer, jkt, actor }) {
      const resources = form.all('resource')
      const userinfo = `${publicUrl}/oauth2/userinfo`
      const scopesOf = (grant: PersonGrant) =>
        grantedScopes({ apis, client, grant, scope: null, resources, userinfo })
      const outcome = await authorizationCodes.redeem(actor, form.require('code'), {
        clientId: client.id,
        redirectUri: form.get('redirect_uri'),
        codeVerifier: form.get('code_verifier'),
        issuer,
        dpopJkt: jkt,
        requireFit: scopesOf,
      })
      if (outcome.kind === 'reused') {
        throw invalidGrant('The code was used before: what came of it is revoked.', 'code_reused')
      }
      if (outcome.kind === 'refused') {
        // One answer, whatever it was: a thief of codes learns nothing.
        throw invalidGrant('The code is not valid here.', outcome.reason)
      }
      const { grant } = outcome
      return { ...scopesOf(grant), grant }
    },
  }
}
