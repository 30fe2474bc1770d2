import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Areas } from '../../access/areas/areas.ts'
import { storeDetails } from '../../access/areas/store-details.ts'
import { type Client, DEVICE_CODE_GRANT } from '../../access/clients/client.ts'
import type { DeviceCodes } from '../../access/grants/device-codes.ts'
import { formatUserCode } from '../../access/grants/user-code.ts'
import type { AuthorizationRequest } from '../../access/interactions/interaction.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import type { Database } from '../../database/database.ts'
import { requireForm } from '../../http/forms.ts'
import type { Form } from '../../protocol/form.ts'
import { OAuthError } from '../../protocol/oauth-error.ts'
import type { AuthenticateClient } from '../client-authentication.ts'
import type { ProveKey } from '../dpop.ts'
import type { LimitClient } from '../limit-client.ts'
import { requireProfile } from '../profile.ts'
import { requestedAccess } from '../requested-access.ts'

/**
 * Where a device without a browser begins (RFC 8628 §3.1): it gets a code to poll with and a short
 * one to show. The person enters that one on another machine (`device-pages.ts`) and decides there;
 * the device hears of it at the token endpoint (`grants/device-code.ts`).
 */
export function createDeviceAuthorizationEndpoint(options: {
  publicUrl: string
  authenticateClient: AuthenticateClient
  proveKey: ProveKey
  deviceCodes: Pick<DeviceCodes, 'begin'>
  areas: Pick<Areas, 'createIn'>
  apis: Apis
  database: Database
  limitClient: LimitClient
}) {
  const { publicUrl, authenticateClient, proveKey, deviceCodes, limitClient } = options
  const { apis, areas, database } = options

  /** What the device asks a person for, in the form that the pages know. */
  async function judge(client: Client, form: Form): Promise<AuthorizationRequest> {
    const { details, ...access } = requestedAccess({ apis, publicUrl }, client, form)
    return {
      profile: 'device',
      issuer: publicUrl,
      clientId: client.id,
      redirectUri: null,
      redirectUriGiven: false,
      responseMode: 'query',
      state: null,
      ...access,
      details: await storeDetails({ database, areas }, details, 'requested'),
      codeChallenge: null,
      nonce: null,
      dpopJkt: null,
      // RFC 8628 §5.4: whoever sent the person here may hold the device.
      prompts: ['consent'],
      maxAge: null,
      loginHint: null,
      hintedAccountId: null,
      providerId: null,
      acrValues: [],
      uiLocales: [],
      display: null,
      claims: null,
      pushedRequest: null,
      deviceCode: null,
    }
  }

  return async function authorizeDevice(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const form = requireForm(request)
    const authenticated = await authenticateClient(request, form)
    const { client, secretId } = authenticated
    request.principal = { clientId: client.id, secretId }
    await limitClient(request, reply, authenticated)
    if (!client.grants.includes(DEVICE_CODE_GRANT)) {
      throw new OAuthError('unauthorized_client', 'The client may not use device codes.')
    }
    const proving = proveKey(request, reply)
    const jkt = proving && (await proving)
    requireProfile(authenticated, jkt)
    const begun = await deviceCodes.begin({ request: await judge(client, form), dpopJkt: jkt })
    const userCode = formatUserCode(begun.userCode)
    // RFC 8628 §3.2
    void reply
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(
        JSON.stringify({
          device_code: begun.deviceCode,
          user_code: userCode,
          verification_uri: `${publicUrl}/device`,
          verification_uri_complete: `${publicUrl}/device?user_code=${userCode}`,
          expires_in: begun.expiresInSeconds,
          interval: begun.intervalSeconds,
        }),
      )
  }
}
