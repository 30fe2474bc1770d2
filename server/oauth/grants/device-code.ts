import { DEVICE_CODE_GRANT } from '../../access/clients/client.ts'
import type { DeviceCodes } from '../../access/grants/device-codes.ts'
import type { Grant as PersonGrant } from '../../access/grants/grant.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import { invalidGrant, OAuthError } from '../../protocol/oauth-error.ts'
import type { Grant } from './grant.ts'
import { grantedScopes } from './granted-scopes.ts'

/** RFC 8628 §3.4: a device asks again and again until the person has answered elsewhere. */
export function deviceCodeGrant(options: {
  deviceCodes: Pick<DeviceCodes, 'poll'>
  apis: Apis
  /** The audience of a token that has no scope of an API. */
  userinfo: string
}): Grant {
  const { deviceCodes, apis, userinfo } = options
  return {
    type: DEVICE_CODE_GRANT,
    confidentialOnly: false,
    async decide({ client }, form, { issuer, jkt }) {
      const resources = form.all('resource')
      const scopesOf = (grant: PersonGrant) =>
        grantedScopes({ apis, client, grant, scope: null, resources, userinfo })
      const by = { clientId: client.id, issuer, jkt, requireFit: scopesOf }
      const outcome = await deviceCodes.poll(form.require('device_code'), by)
      switch (outcome.kind) {
        case 'redeemed': {
          const { grant } = outcome
          return { ...scopesOf(grant), grant }
        }
        case 'pending':
          throw new OAuthError('authorization_pending', 'The person has not answered yet.')
        case 'slow-down':
          throw new OAuthError('slow_down', 'Wait five seconds longer between two calls.')
        case 'denied':
          throw new OAuthError('access_denied', 'The person said no.')
        case 'expired':
          throw new OAuthError('expired_token', 'The device code has expired.')
        case 'refused':
          throw invalidGrant('The device code is not valid.', outcome.reason)
      }
    },
  }
}
