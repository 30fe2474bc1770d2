import { mkdirSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { createAttempts } from './access/attempts/attempts.ts'
import { createLimits } from './access/limits/limits.ts'
import { createMemoryLimits } from './access/limits/memory-limits.ts'
import { createNetworkLimits } from './access/limits/network-limits.ts'
import { holdServerLock } from './access/limits/server-lock.ts'
import { openSharedLimits } from './access/limits/shared-limits.ts'
import { publicAccessScope } from './access/scopes/access-scope.ts'
import { applicationRoutes } from './admin/applications.ts'
import { deliveryRoutes } from './admin/delivery.ts'
import { adminRoutes } from './admin/routes.ts'
import type { Settings } from './config/load.ts'
import { isUnavailable } from './database/unavailable.ts'
import { mapiqDialect } from './dialects/mapiq/mapiq.ts'
import { mapsIndoorsDialect } from './dialects/mapsindoors/mapsindoors.ts'
import {
  integrationAnswer,
  integrationGrant,
  LIFETIME_SECONDS,
} from './dialects/mapsindoors/token.ts'
import { countUsage } from './gateway/count-usage.ts'
import { installGateway } from './gateway/gateway.ts'
import { createLimitCall } from './gateway/limit-call.ts'
import type { LimitCall } from './http/route.ts'
import { createServer } from './http/server.ts'
import { systemRoutes } from './http/system-routes.ts'
import { systemClock } from './lib/clock.ts'
import { openMapStore } from './maps/open.ts'
import { mapRoutes } from './maps/routes.ts'
import type { MapStore } from './maps/store.ts'
import {
  type AuthenticateClient,
  createClientAuthentication,
  readBasicCredentials,
  readPostCredentials,
} from './oauth/client-authentication.ts'
import { clientCredentialsGrant } from './oauth/grants/client-credentials.ts'
import { createIntrospectionEndpoint } from './oauth/introspect.ts'
import { createRevocationEndpoint } from './oauth/revoke.ts'
import { oauthRoutes } from './oauth/routes.ts'
import { createTokenEndpoint, type TokenEndpoint } from './oauth/token.ts'
import {
  type Access,
  databaseLocation,
  mapsLocation,
  openAccess,
  type Overrides,
} from './open-access.ts'
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
  const access = opened.use(await openAccess(settings, limitStore, { onError, ...overrides }))
  const maps = opened.use(await openMapStore(mapsLocation(settings, databaseLocation(settings))))
  // Requests are finished before what they use is closed.
  opened.defer(() => stop(http))

  const issuer = settings.publicUrl
  const limitCall = createLimitCall(access.limits)
  installGateway(http, { ...access, issuer, limitCall })
  countUsage(http, access.usage)
  const surfaces: Surfaces = { http, settings, access, maps, limitCall, ...clientLogin(access) }
  const token = await addAuthorizationServer(surfaces)
  await addMaps(surfaces)
  await addDialects(surfaces, token)
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

/** What the surfaces are made of. */
interface Surfaces {
  http: FastifyInstance
  settings: Settings
  access: Access
  maps: MapStore
  limitCall: LimitCall
  authenticateClient: AuthenticateClient
  /** For a dialect whose `Authorization` header holds a token beside the credentials. */
  authenticateByForm: AuthenticateClient
}

function clientLogin(access: Access) {
  // Shared: failures count together, whichever endpoint they come in at.
  const shared = { ...access, attempts: createAttempts(access), feed: access.database.feed }
  return {
    authenticateClient: createClientAuthentication({
      ...shared,
      readers: [readPostCredentials, readBasicCredentials],
    }),
    authenticateByForm: createClientAuthentication({ ...shared, readers: [readPostCredentials] }),
  }
}

/** @returns the token endpoint, which a dialect serves under another path */
async function addAuthorizationServer(surfaces: Surfaces): Promise<TokenEndpoint> {
  const { http, settings, access } = surfaces
  const options = { ...access, ...surfaces }
  const token = createTokenEndpoint({ ...options, grants: [clientCredentialsGrant(access)] })
  await http.register(async (scope) =>
    oauthRoutes(scope, {
      ...access,
      issuer: settings.publicUrl,
      token,
      introspect: createIntrospectionEndpoint(options),
      revoke: createRevocationEndpoint(options),
    }),
  )
  return token
}

async function addMaps({ http, settings, maps }: Surfaces): Promise<void> {
  const options = {
    store: maps,
    publicUrl: settings.publicUrl,
    accessScope: () => publicAccessScope,
  }
  await http.register(async (scope) => mapRoutes(scope, options), { prefix: '/maps' })
}

async function addDialects(surfaces: Surfaces, token: TokenEndpoint): Promise<void> {
  const { http, settings, access, maps } = surfaces
  if (settings.dialects.mapiq) {
    await mapiqDialect(http, { token, store: maps, accessScope: () => publicAccessScope })
  }
  if (settings.dialects.mapsindoors) {
    await mapsIndoorsDialect(http, {
      ...access,
      ...surfaces,
      token: createTokenEndpoint({
        ...access,
        ...surfaces,
        grants: [integrationGrant(access)],
        lifetimeSeconds: LIFETIME_SECONDS,
        toAnswer: integrationAnswer,
      }),
    })
  }
}

async function addManagement({ http, settings, access }: Surfaces): Promise<void> {
  const { publicUrl, secrets, clientRequests } = settings
  const options = {
    ...access,
    publicUrl,
    defaultOverlapSeconds: secrets.defaultOverlapSeconds,
    signingAlgorithm: settings.signing.algorithm,
  }
  await http.register(async (scope) => adminRoutes(scope, options), { prefix: '/admin' })
  const networkLimits = await createLimits({
    config: settings.limits,
    database: access.database,
    store: createNetworkLimits(access),
    clock: access.clock,
  })
  const limitCall = createLimitCall(networkLimits)
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
async function maintain({ signingKeys, secrets, tokenRevocation }: Access): Promise<void> {
  await signingKeys.maintain()
  await secrets.prune()
  await tokenRevocation.prune()
}
