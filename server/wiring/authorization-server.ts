import { createAuthorizationEndpoint } from '../oauth/authorize/authorize.ts'
import { formPostScript } from '../oauth/authorize/form-post.ts'
import { coreProfile } from '../oauth/authorize/profile.ts'
import { createDeviceAuthorizationEndpoint } from '../oauth/device/device-authorization.ts'
import { devicePages } from '../oauth/device/device-pages.ts'
import { discoveryRoutes } from '../oauth/discovery-routes.ts'
import { createEndSessionEndpoint } from '../oauth/end-session.ts'
import { authorizationCodeGrant } from '../oauth/grants/authorization-code.ts'
import { clientCredentialsGrant } from '../oauth/grants/client-credentials.ts'
import { deviceCodeGrant } from '../oauth/grants/device-code.ts'
import { refreshTokenGrant } from '../oauth/grants/refresh-token.ts'
import { tokenExchangeGrant } from '../oauth/grants/token-exchange.ts'
import { createIntrospectionEndpoint } from '../oauth/introspect.ts'
import { createPushEndpoint } from '../oauth/par.ts'
import { createRegistrationEndpoint } from '../oauth/registration/register.ts'
import { registrationRoutes } from '../oauth/registration/routes.ts'
import { createRevocationEndpoint } from '../oauth/revoke.ts'
import {
  authorizationRoutes,
  CONFIRM_PATH,
  deviceRoutes,
  endSessionRoutes,
  oauthRoutes,
  pushedRequestRoutes,
  userinfoRoutes,
} from '../oauth/routes.ts'
import { createTokenEndpoint, type TokenEndpoint } from '../oauth/token.ts'
import { createUserinfoEndpoint } from '../oauth/userinfo.ts'
import { issuersOf } from './open-tokens.ts'
import { preparePages } from '../pages/route.ts'
import { networkOf } from '../protocol/network.ts'
import type { Surfaces } from './surfaces.ts'

/** @returns the token endpoint, which a dialect serves under another path */
export async function addAuthorizationServer(surfaces: Surfaces): Promise<TokenEndpoint> {
  const { http, settings, access } = surfaces
  const { publicUrl } = settings
  const options = {
    ...access,
    ...surfaces,
    publicUrl,
    userinfo: `${publicUrl}/oauth2/userinfo`,
  }
  const token = createTokenEndpoint({
    ...options,
    grants: [
      clientCredentialsGrant(options),
      authorizationCodeGrant(options),
      refreshTokenGrant(options),
      deviceCodeGrant(options),
      tokenExchangeGrant(options),
    ],
  })
  await http.register(async (scope) =>
    deviceRoutes(scope, createDeviceAuthorizationEndpoint(options)),
  )
  await http.register(async (scope) => devicePages(scope, options))
  await http.register(async (scope) =>
    oauthRoutes(scope, {
      token,
      introspect: createIntrospectionEndpoint(options),
      revoke: createRevocationEndpoint(options),
    }),
  )
  return token
}

/** Where people come in: the authorization endpoint, and requests pushed to it. */
export async function addAuthorization(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, limitNetwork } = surfaces
  const { publicUrl } = settings
  const options = { ...access, ...surfaces, publicUrl, profile: coreProfile(publicUrl) }
  await http.register(async (scope) => {
    preparePages(scope)
    // Of networks: who asks is not proven, and a stranger must not use up a client's calls.
    scope.addHook('onRequest', async (request, reply) => {
      await limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
    })
    authorizationRoutes(scope, createAuthorizationEndpoint(options))
  })
  formPostScript(http)
  await http.register(async (scope) => pushedRequestRoutes(scope, createPushEndpoint(options)))
}

/** What clients find out, how they register themselves, and how they sign people out. */
export async function addOpenId(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, limitNetwork } = surfaces
  const { registration } = settings
  const options = { ...access, ...surfaces, signingAlgorithm: settings.signing.algorithm }
  await http.register(async (scope) =>
    discoveryRoutes(scope, {
      ...options,
      clientIdMetadata: access.metadataDocuments !== null,
    }),
  )
  const endpoint = createRegistrationEndpoint({
    ...options,
    open: registration.open,
    permittedScopes: registration.scopes,
  })
  await http.register(async (scope) => registrationRoutes(scope, endpoint))
  await http.register(async (scope) => userinfoRoutes(scope, createUserinfoEndpoint(options)))
  await http.register(async (scope) => {
    preparePages(scope)
    scope.addHook('onRequest', async (request, reply) => {
      await limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
    })
    const { feed } = access.database
    const issuers = issuersOf(settings)
    const endSession = { ...options, feed, issuers, confirmPath: CONFIRM_PATH }
    endSessionRoutes(scope, createEndSessionEndpoint(endSession))
  })
}
