import { graphAnswer, refreshGrant } from '../dialects/mapillary/graph/token.ts'
import { mapillaryIssuer } from '../dialects/mapillary/issuer.ts'
import { mapillaryDialect } from '../dialects/mapillary/mapillary.ts'
import { mapillaryProfile } from '../dialects/mapillary/www.ts'
import { installationScope } from '../dialects/installation-scope.ts'
import { mapiqDialect } from '../dialects/mapiq/mapiq.ts'
import { createFixedClient } from '../dialects/mapsindoors/fixed-client.ts'
import { mapsIndoorsDialect } from '../dialects/mapsindoors/mapsindoors.ts'
import { passwordGrant } from '../dialects/mapsindoors/password.ts'
import { mapsIndoorsProfile, translatedRefresh } from '../dialects/mapsindoors/profile.ts'
import {
  integrationAnswer,
  integrationGrant,
  LIFETIME_SECONDS,
} from '../dialects/mapsindoors/token.ts'
import { createCursors } from '../maps/features/cursor.ts'
import { createAuthorizationEndpoint } from '../oauth/authorize/authorize.ts'
import { createEndSessionEndpoint } from '../oauth/end-session.ts'
import { authorizationCodeGrant } from '../oauth/grants/authorization-code.ts'
import { refreshTokenGrant } from '../oauth/grants/refresh-token.ts'
import { createRevocationEndpoint } from '../oauth/revoke.ts'
import { CONFIRM_PATH } from '../oauth/routes.ts'
import { createTokenEndpoint, type TokenEndpoint } from '../oauth/token.ts'
import { createUserinfoEndpoint } from '../oauth/userinfo.ts'
import { issuersOf } from './open-tokens.ts'
import type { Surfaces } from './surfaces.ts'

export async function addDialects(all: Surfaces, token: TokenEndpoint): Promise<void> {
  const surfaces: Surfaces = {
    ...all,
    accessScope(request) {
      const scope = all.accessScope(request)
      return scope instanceof Promise ? scope.then(installationScope) : installationScope(scope)
    },
  }
  const { http, settings, access, maps, accessScope } = surfaces
  if (settings.dialects.mapiq) {
    const cursors = createCursors(access.masterKey.derive('cursors'))
    await mapiqDialect(http, { token, store: maps, accessScope, cursors })
  }
  if (settings.dialects.mapsindoors) {
    await addMapsIndoors(surfaces)
  }
  if (settings.dialects.mapillary) await addMapillary(surfaces)
}

/** An issuer of its own, with the password grant beside the core's. */
async function addMapsIndoors(surfaces: Surfaces): Promise<void> {
  const { http, settings, access } = surfaces
  const { publicUrl } = settings
  const profile = mapsIndoorsProfile(publicUrl, access.apis)
  const { issuer } = profile
  const options = {
    ...access,
    ...surfaces,
    publicUrl,
    profile,
    issuer,
    authenticateClient: surfaces.authenticateAt(issuer),
  }
  const refresh = refreshTokenGrant({ ...options, userinfo: `${publicUrl}/oauth2/userinfo` })
  await createFixedClient(access)
  await mapsIndoorsDialect(http, {
    ...options,
    signingAlgorithm: settings.signing.algorithm,
    token: createTokenEndpoint({
      ...options,
      grants: [
        integrationGrant(access),
        passwordGrant(options),
        authorizationCodeGrant(options),
        translatedRefresh(refresh, access.apis),
      ],
      lifetimeSeconds: LIFETIME_SECONDS,
      toAnswer: integrationAnswer,
    }),
    authorization: createAuthorizationEndpoint(options),
    endSession: createEndSessionEndpoint({
      ...options,
      feed: access.database.feed,
      issuers: issuersOf(settings),
      confirmPath: CONFIRM_PATH,
    }),
    // Its audience is the core's.
    userinfo: createUserinfoEndpoint({ ...options, issuer: publicUrl }),
    revoke: createRevocationEndpoint(options),
  })
}

async function addMapillary(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, maps, authenticateByOAuth } = surfaces
  const { publicUrl } = settings
  const issuer = mapillaryIssuer(publicUrl)
  const options = {
    ...access,
    ...surfaces,
    publicUrl,
    issuer,
    userinfo: `${publicUrl}/oauth2/userinfo`,
  }
  await mapillaryDialect(http, {
    ...options,
    store: maps,
    connect: createAuthorizationEndpoint({ ...options, profile: mapillaryProfile(issuer) }),
    token: createTokenEndpoint({
      ...options,
      authenticateClient: authenticateByOAuth,
      grants: [
        authorizationCodeGrant(options),
        refreshGrant({ ...options, refresh: refreshTokenGrant(options) }),
      ],
      toAnswer: graphAnswer,
    }),
  })
}
