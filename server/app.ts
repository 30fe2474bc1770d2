import { mkdirSync } from 'node:fs'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accountRoutes } from './account/routes.ts'
import { createAttempts } from './access/attempts/attempts.ts'
import { createLimits } from './access/limits/limits.ts'
import { createMemoryLimits } from './access/limits/memory-limits.ts'
import { createNetworkLimits } from './access/limits/network-limits.ts'
import { holdServerLock } from './access/limits/server-lock.ts'
import { openSharedLimits } from './access/limits/shared-limits.ts'
import type { AccessScope } from './access/scopes/access-scope.ts'
import { createAccessScopes } from './access/scopes/access-scopes.ts'
import { applicationRoutes } from './admin/applications.ts'
import { deliveryRoutes } from './admin/delivery.ts'
import { adminRoutes } from './admin/routes.ts'
import type { Settings } from './config/load.ts'
import { isUnavailable } from './database/unavailable.ts'
import { graphAnswer, readOAuthSecret, refreshGrant } from './dialects/mapillary/graph/token.ts'
import { mapillaryIssuer } from './dialects/mapillary/issuer.ts'
import { mapillaryDialect } from './dialects/mapillary/mapillary.ts'
import { mapillaryProfile } from './dialects/mapillary/www.ts'
import { mapiqDialect } from './dialects/mapiq/mapiq.ts'
import { createFixedClient } from './dialects/mapsindoors/fixed-client.ts'
import { mapsIndoorsDialect } from './dialects/mapsindoors/mapsindoors.ts'
import { passwordGrant } from './dialects/mapsindoors/password.ts'
import { mapsIndoorsProfile, translatedRefresh } from './dialects/mapsindoors/profile.ts'
import {
  integrationAnswer,
  integrationGrant,
  LIFETIME_SECONDS,
} from './dialects/mapsindoors/token.ts'
import { countUsage } from './gateway/count-usage.ts'
import { type CheckBinding, createCheckBinding } from './gateway/check-binding.ts'
import { installGateway } from './gateway/gateway.ts'
import { createLimitCall } from './gateway/limit-call.ts'
import type { LimitCall } from './http/route.ts'
import { createServer } from './http/server.ts'
import { systemRoutes } from './http/system-routes.ts'
import { systemClock } from './lib/clock.ts'
import { openMapStore } from './maps/open.ts'
import { mapRoutes } from './maps/routes.ts'
import type { MapStore } from './maps/store.ts'
import { createVerifyClientAssertion } from './oauth/client-assertion.ts'
import {
  type AuthenticateClient,
  createClientAuthentication,
} from './oauth/client-authentication.ts'
import {
  readAssertionCredentials,
  readBasicCredentials,
  readPostCredentials,
  readPublicClient,
} from './oauth/client-authentication-readers.ts'
import { createDeviceAuthorizationEndpoint } from './oauth/device/device-authorization.ts'
import { devicePages } from './oauth/device/device-pages.ts'
import { createProveKey, type ProveKey } from './oauth/dpop.ts'
import { createAuthorizationEndpoint } from './oauth/authorize/authorize.ts'
import { formPostScript } from './oauth/authorize/form-post.ts'
import { coreProfile } from './oauth/authorize/profile.ts'
import { authorizationCodeGrant } from './oauth/grants/authorization-code.ts'
import { clientCredentialsGrant } from './oauth/grants/client-credentials.ts'
import { deviceCodeGrant } from './oauth/grants/device-code.ts'
import { refreshTokenGrant } from './oauth/grants/refresh-token.ts'
import { tokenExchangeGrant } from './oauth/grants/token-exchange.ts'
import { type CreateIdToken, createIdTokens } from './oauth/id-token.ts'
import { createIntrospectionEndpoint } from './oauth/introspect.ts'
import { createPushEndpoint } from './oauth/par.ts'
import { createRevocationEndpoint } from './oauth/revoke.ts'
import { discoveryRoutes } from './oauth/discovery-routes.ts'
import { createEndSessionEndpoint } from './oauth/end-session.ts'
import { createRegistrationEndpoint } from './oauth/registration/register.ts'
import { registrationRoutes } from './oauth/registration/routes.ts'
import {
  authorizationRoutes,
  CONFIRM_PATH,
  deviceRoutes,
  endSessionRoutes,
  oauthRoutes,
  pushedRequestRoutes,
  userinfoRoutes,
} from './oauth/routes.ts'
import { createUserinfoEndpoint } from './oauth/userinfo.ts'
import { preparePages } from './pages/route.ts'
import { networkOf } from './protocol/network.ts'
import { createTokenEndpoint, type TokenEndpoint } from './oauth/token.ts'
import {
  type Access,
  databaseLocation,
  mapsLocation,
  openAccess,
  type Overrides,
} from './open-access.ts'
import { issuersOf } from './open-tokens.ts'
import { installPages } from './pages/pages.ts'
import { signInRoutes } from './sign-in/routes.ts'
import { createUpstreamClients } from './sign-in/upstream-client.ts'
import { upstreamRoutes } from './sign-in/upstream.ts'
import { version } from './version.ts'

/**
 * The composition root: the one place where things are wired. `open-access.ts` opens the data with
 * what commands and server share; this puts the HTTP server and its surfaces on top.
 */
export interface App extends AsyncDisposable {
  /** Not yet listening. */
  http: FastifyInstance
  access: Access
  maps: MapStore
}

/** How long requests under way may take to end when the server stops. */
const STOP_MILLISECONDS = 10_000

const MAINTENANCE_MILLISECONDS = 60_000

/**
 * @throws OtherServerError when another server runs that this one must not run beside, and what
 * `openAccess` throws
 */
export async function createApp(settings: Settings, overrides: Overrides = {}): Promise<App> {
  await using opened = new AsyncDisposableStack()
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 })
  const http = await createServer(settings, version, isUnavailable)
  const onError = (error: unknown) => http.log.error({ err: error }, 'will be tried again')
  const limitStore = await openLimits(settings, overrides, http, opened)
  const access = opened.use(
    await openAccess(settings, limitStore, { onError, log: http.log, ...overrides }),
  )
  const maps = opened.use(await openMapStore(mapsLocation(settings, databaseLocation(settings))))
  // Requests are finished before what they use is closed.
  opened.defer(() => stop(http))

  const issuer = settings.publicUrl
  const limitCall = createLimitCall(access.limits)
  const checkBinding = createCheckBinding({ ...access, publicUrl: issuer })
  installGateway(http, { ...access, issuer, checkBinding, limitCall })
  countUsage(http, access.usage)
  await installPages(http, {
    ...access,
    publicUrl: issuer,
    pages: settings.pages,
    formKey: access.masterKey.derive('forms'),
  })
  const accessScopes = createAccessScopes(access)
  const surfaces: Surfaces = {
    http,
    settings,
    access,
    maps,
    accessScope: ({ caller }) => accessScopes(caller!),
    limitCall,
    limitNetwork: await createNetworkLimitCall(settings, access),
    ...clientLogin(settings, access),
    issuer,
    proveKey: createProveKey({ ...access, publicUrl: issuer }),
    checkBinding,
    createIdToken: createIdTokens(access),
  }
  const token = await addAuthorizationServer(surfaces)
  await addAuthorization(surfaces)
  await addOpenId(surfaces)
  await addMaps(surfaces)
  await addDialects(surfaces, token)
  await addPages(surfaces)
  await addManagement(surfaces)
  systemRoutes(http, {
    publicUrl: issuer,
    version,
    scopes: access.apis.all.flatMap((api) => api.scopes),
    async ready() {
      await access.database.feed.read()
    },
  })

  const maintenance = setInterval(
    () => void maintain(access).catch(onError),
    MAINTENANCE_MILLISECONDS,
  )
  opened.defer(() => clearInterval(maintenance))
  const toDispose = opened.move()
  return { http, access, maps, [Symbol.asyncDispose]: () => toDispose.disposeAsync() }
}

/** Keeps servers apart that must not count beside each other, and opens the counters. */
async function openLimits(
  settings: Settings,
  { clock = systemClock }: Overrides,
  http: FastifyInstance,
  opened: AsyncDisposableStack,
) {
  const place = { location: databaseLocation(settings), dataDir: settings.dataDir }
  const { store } = settings.limits
  opened.use(
    await holdServerLock({
      ...place,
      store,
      onLost(error) {
        http.log.fatal({ err: error }, 'stopping')
        process.kill(process.pid, 'SIGTERM')
      },
    }),
  )
  return opened.use(
    store === 'memory'
      ? createMemoryLimits({ clock })
      : await openSharedLimits({ ...place, clock }),
  )
}

/** Counts calls of networks: for what anybody may call. */
async function createNetworkLimitCall(settings: Settings, access: Access): Promise<LimitCall> {
  const limits = await createLimits({
    config: settings.limits,
    database: access.database,
    store: createNetworkLimits(access),
    clock: access.clock,
  })
  return createLimitCall(limits)
}

/** What the surfaces are made of. */
interface Surfaces {
  http: FastifyInstance
  settings: Settings
  access: Access
  maps: MapStore
  /** What the caller of a protected route may see. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  limitCall: LimitCall
  limitNetwork: LimitCall
  authenticateClient: AuthenticateClient
  /** For a dialect whose `Authorization` header holds a token beside the credentials. */
  authenticateByForm: AuthenticateClient
  /** For a dialect whose `Authorization` header holds the secret alone. */
  authenticateByOAuth: AuthenticateClient
  /** The core's; a dialect may be another. */
  issuer: string
  proveKey: ProveKey
  checkBinding: CheckBinding
  createIdToken: CreateIdToken
}

function clientLogin({ publicUrl }: Settings, access: Access) {
  // Shared: failures count together, whichever endpoint they come in at.
  const shared = {
    ...access,
    verifyClientAssertion: createVerifyClientAssertion({ ...access, issuer: publicUrl }),
    attempts: createAttempts(access),
    feed: access.database.feed,
  }
  return {
    authenticateClient: createClientAuthentication({
      ...shared,
      readers: [
        readPostCredentials,
        readBasicCredentials,
        readAssertionCredentials,
        readPublicClient,
      ],
    }),
    authenticateByForm: createClientAuthentication({ ...shared, readers: [readPostCredentials] }),
    authenticateByOAuth: createClientAuthentication({
      ...shared,
      readers: [readOAuthSecret, readPostCredentials],
    }),
  }
}

/** @returns the token endpoint, which a dialect serves under another path */
async function addAuthorizationServer(surfaces: Surfaces): Promise<TokenEndpoint> {
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
async function addAuthorization(surfaces: Surfaces): Promise<void> {
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
async function addOpenId(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, issuer, limitNetwork } = surfaces
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

async function addMaps({ http, settings, maps, accessScope }: Surfaces): Promise<void> {
  const options = { store: maps, publicUrl: settings.publicUrl, accessScope }
  await http.register(async (scope) => mapRoutes(scope, options), { prefix: '/maps' })
}

async function addDialects(surfaces: Surfaces, token: TokenEndpoint): Promise<void> {
  const { http, settings, maps, accessScope } = surfaces
  if (settings.dialects.mapiq) {
    await mapiqDialect(http, { token, store: maps, accessScope })
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
  const options = { ...access, ...surfaces, publicUrl, profile, issuer }
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

/** The pages that people see. */
async function addPages({ http, settings, access, limitNetwork }: Surfaces): Promise<void> {
  const options = {
    ...access,
    publicUrl: settings.publicUrl,
    limitCall: limitNetwork,
    feed: access.database.feed,
  }
  await http.register((scope) => signInRoutes(scope, options))
  await http.register((scope) =>
    accountRoutes(scope, { ...options, mapillary: settings.dialects.mapillary }),
  )
  const upstreamClients = createUpstreamClients(options)
  await http.register(async (scope) => {
    preparePages(scope)
    upstreamRoutes(scope, { ...options, upstreamClients })
  })
}

async function addManagement(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, limitNetwork: limitCall } = surfaces
  const { publicUrl, secrets, clientRequests } = settings
  const options = {
    ...access,
    publicUrl,
    defaultOverlapSeconds: secrets.defaultOverlapSeconds,
    signingAlgorithm: settings.signing.algorithm,
  }
  await http.register(async (scope) => adminRoutes(scope, options), { prefix: '/admin' })
  applicationRoutes(http, { ...access, limitCall, open: clientRequests.open })
  await http.register(async (scope) => deliveryRoutes(scope, { ...access, limitCall, publicUrl }))
}

/** Stops accepting and finishes what was asked, unless that takes too long. */
async function stop(http: FastifyInstance): Promise<void> {
  const impatient = setTimeout(() => http.server.closeAllConnections(), STOP_MILLISECONDS)
  await http.close()
  clearTimeout(impatient)
}

/** What is due from time to time; safe to run on several nodes. */
async function maintain(access: Access): Promise<void> {
  await access.signingKeys.maintain()
  await access.secrets.prune()
  await access.tokenRevocation.prune()
  await access.sessions.prune()
  await access.challenges.prune()
  await access.emailLinks.prune()
  await access.interactions.prune()
  await access.pushedRequests.prune()
  await access.authorizationCodes.prune()
  await access.grants.prune()
  await access.refreshTokens.prune()
  await access.deviceCodes.prune()
  await access.usedJtis.prune()
  await access.areas.prune()
  await access.initialAccessTokens.prune()
  await access.metadataDocuments?.prune()
}
