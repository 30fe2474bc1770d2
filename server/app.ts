import { mkdirSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { createMemoryLimits } from './access/limits/memory-limits.ts'
import { holdServerLock } from './access/limits/server-lock.ts'
import { openSharedLimits } from './access/limits/shared-limits.ts'
import type { Settings } from './config/load.ts'
import { isUnavailable } from './database/unavailable.ts'
import { installShortcuts } from './gateway/at-once.ts'
import { countUsage } from './gateway/count-usage.ts'
import { installGateway } from './gateway/gateway.ts'
import { createServer } from './http/server.ts'
import { systemRoutes } from './http/system-routes.ts'
import { systemClock } from './lib/clock.ts'
import { openMapStore } from './maps/store/open.ts'
import type { MapStore } from './maps/store/map-store.ts'
import { createWorkerPool } from './maps/workers/pool.ts'
import { createWorkerStore } from './maps/workers/worker-store.ts'
import {
  type Access,
  databaseLocation,
  mapsLocation,
  openAccess,
  type Overrides,
} from './open-access.ts'
import { installPages } from './pages/pages.ts'
import { version } from './version.ts'
import {
  addAuthorizationServer,
  addAuthorization,
  addOpenId,
} from './wiring/authorization-server.ts'
import { addDialects } from './wiring/dialects.ts'
import { addImports } from './wiring/imports.ts'
import { addManagement } from './wiring/management.ts'
import { addMaps } from './wiring/maps.ts'
import { addPages } from './wiring/pages.ts'
import { createSurfaces } from './wiring/surfaces.ts'

/**
 * The composition root: the one place where things are wired. `open-access.ts` opens the data with
 * what commands and server share; this puts the HTTP server and its surfaces on top, of which each has
 * a file in `wiring/`.
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
  const location = mapsLocation(settings, databaseLocation(settings))
  const store = opened.use(await openMapStore(location))
  await warnOfLeftovers(store, access, http.log).catch(onError)
  const threads = settings.maps.workers ?? null
  const mapWorkers = opened.use(createWorkerPool({ location, threads, onError }))
  const maps = createWorkerStore({ store, pool: mapWorkers })
  // Requests are finished before what they use is closed.
  opened.defer(() => stop(http))

  const surfaces = await createSurfaces({ http, settings, access, maps, mapWorkers })
  // Cookies are parsed before the gateway looks for a page's token.
  await installPages(http, {
    ...access,
    publicUrl: settings.publicUrl,
    pages: settings.pages,
    formKey: access.masterKey.derive('forms'),
  })
  installGateway(http, { ...access, ...surfaces })
  installShortcuts(http, { ...access, ...surfaces })
  countUsage(http, access.usage)
  const token = await addAuthorizationServer(surfaces)
  await addAuthorization(surfaces)
  await addOpenId(surfaces)
  await addMaps(surfaces)
  const imports = await addImports(surfaces, opened)
  await addDialects(surfaces, token)
  await addPages(surfaces)
  await addManagement(surfaces)
  systemRoutes(http, {
    publicUrl: settings.publicUrl,
    version,
    scopes: access.apis.all.flatMap((api) => api.scopes),
    async ready() {
      await access.database.feed.read()
    },
  })

  const maintenance = setInterval(
    () => void Promise.all([maintain(access), imports.maintain()]).catch(onError),
    MAINTENANCE_MILLISECONDS,
  )
  opened.defer(() => clearInterval(maintenance))
  const toDispose = opened.move()
  return { http, access, maps, [Symbol.asyncDispose]: () => toDispose.disposeAsync() }
}

/** Never removed unasked: the registry may be an older backup, or another installation's. */
async function warnOfLeftovers(
  store: MapStore,
  { collections }: Access,
  log: Pick<FastifyInstance['log'], 'warn'>,
): Promise<void> {
  const ids = await store.leftovers(collections.all())
  if (ids.length === 0) return
  log.warn(
    { collections: ids.slice(0, 20) },
    `there is map data of ${ids.length} collections that are not registered; “mapgate doctor” says what to do`,
  )
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
  await access.accounts.prune()
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
