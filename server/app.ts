import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createAttempts } from './access/attempts/attempts.ts'
import { type Audit, createAudit } from './access/audit/audit.ts'
import { type Clients, createClients } from './access/clients/clients.ts'
import { createCustomers, type Customers } from './access/customers/customers.ts'
import { checkMasterKey, parseMasterKey, readMasterKeyFile } from './access/keys/master-key.ts'
import { createSigningKeys, type SigningKeys } from './access/keys/signing-keys.ts'
import { createLimits, type Limits, type LimitStore } from './access/limits/limits.ts'
import { createMemoryLimits } from './access/limits/memory-limits.ts'
import { holdServerLock } from './access/limits/server-lock.ts'
import { openSharedLimits } from './access/limits/shared-limits.ts'
import { publicAccessScope } from './access/scopes/access-scope.ts'
import { type ClientRequests, createClientRequests } from './access/requests/client-requests.ts'
import { type Apis, createApis } from './access/scopes/apis.ts'
import { createLastUse, type LastUse } from './access/secrets/last-use.ts'
import {
  createSecretVerification,
  type SecretVerification,
} from './access/secrets/secret-verification.ts'
import { createSecrets, type Secrets } from './access/secrets/secrets.ts'
import { createIssueToken, type IssueToken } from './access/tokens/issue.ts'
import { createTokenRevocation, type TokenRevocation } from './access/tokens/revocation.ts'
import { createVerifyToken, type VerifyToken } from './access/tokens/verify.ts'
import { createUsage, type Usage } from './access/usage/usage.ts'
import { applicationRoutes } from './admin/applications.ts'
import { deliveryRoutes } from './admin/delivery.ts'
import { adminRoutes } from './admin/routes.ts'
import type { Settings } from './config/load.ts'
import type { Database } from './database/database.ts'
import { type DatabaseLocation, openDatabase } from './database/open.ts'
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
import { createServer } from './http/server.ts'
import { systemRoutes } from './http/system-routes.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { type RandomBytes, systemRandom } from './lib/random.ts'
import { openMapStore } from './maps/open.ts'
import { mapRoutes } from './maps/routes.ts'
import type { MapStore } from './maps/store.ts'
import {
  createClientAuthentication,
  readBasicCredentials,
  readPostCredentials,
} from './oauth/client-authentication.ts'
import { clientCredentialsGrant } from './oauth/grants/client-credentials.ts'
import { createIntrospectionEndpoint } from './oauth/introspect.ts'
import { createRevocationEndpoint } from './oauth/revoke.ts'
import { oauthRoutes } from './oauth/routes.ts'
import { createTokenEndpoint } from './oauth/token.ts'
import { version } from './version.ts'

/**
 * The composition root: the one place where things are wired. `openAccess` makes what commands and
 * server share; `createApp` puts the HTTP server on top of it.
 */
export interface Access extends AsyncDisposable {
  database: Database
  apis: Apis
  audit: Audit
  usage: Usage
  signingKeys: SigningKeys
  customers: Customers
  clients: Clients
  secrets: Secrets
  clientRequests: ClientRequests
  secretVerification: SecretVerification
  lastUse: LastUse
  limits: Limits
  issueToken: IssueToken
  verifyToken: VerifyToken
  tokenRevocation: TokenRevocation
  clock: Clock
}

/** What tests replace. */
export interface Overrides {
  clock?: Clock
  random?: RandomBytes
  onError?: (error: unknown) => void
}

/** Where the data of this installation is. */
export function databaseLocation(settings: Settings): DatabaseLocation {
  if (settings.databaseUrl) {
    const { connections } = settings.database
    return { kind: 'postgres', url: settings.databaseUrl, connections }
  }
  return { kind: 'sqlite', file: join(settings.dataDir, 'mapgate.sqlite') }
}

/** Map data has a SQLite file of its own, so that an import never blocks a token. */
export function mapsLocation(settings: Settings, location: DatabaseLocation): DatabaseLocation {
  return location.kind === 'sqlite'
    ? { kind: 'sqlite', file: join(settings.dataDir, 'maps.sqlite') }
    : location
}

/**
 * Opens the data with all that works on it, for a command or a server.
 * @throws MasterKeyError, NewerSchemaError, DatabaseUnavailableError
 */
export async function openAccess(
  settings: Settings,
  limitStore?: LimitStore,
  { clock = systemClock, random = systemRandom, onError = () => {} }: Overrides = {},
): Promise<Access> {
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 })
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openDatabase(databaseLocation(settings), clock))
  const masterKey = settings.masterKey
    ? parseMasterKey(settings.masterKey)
    : readMasterKeyFile(settings.dataDir, random)
  await checkMasterKey(database, masterKey)

  const apis = createApis({
    publicUrl: settings.publicUrl,
    mapAliases: settings.mapAliases,
    further: settings.apis,
  })
  const audit = opened.use(
    createAudit({
      database,
      key: masterKey.derive('audit'),
      olderKeys: masterKey.versions.slice(1).map((version) => masterKey.derive('audit', version)),
      clock,
      random,
      onError,
    }),
  )
  const usage = opened.use(createUsage({ database, clock, onError }))
  const lastUse = opened.use(createLastUse({ database, masterKey, clock, onError }))
  const signingKeys = await createSigningKeys({
    database,
    masterKey,
    audit,
    clock,
    random,
    algorithm: settings.signing.algorithm,
    rotateAfterMilliseconds: settings.signing.rotateAfterDays * 86_400_000,
    announceMilliseconds: settings.signing.announceSeconds * 1_000,
  })
  const customers = createCustomers({ database, audit, clock, random })
  const clients = createClients({
    database,
    audit,
    clock,
    random,
    defaultTokenLifetimeSeconds: settings.tokens.defaultLifetimeSeconds,
    maximumCached: settings.caches.clients,
  })
  const secretVerification = createSecretVerification({
    database,
    masterKey,
    clock,
    maximumCached: settings.caches.clients,
  })
  const secrets = createSecrets({
    database,
    masterKey,
    audit,
    lastUse,
    clock,
    random,
    maximumPerClient: settings.secrets.maximumPerClient,
  })
  const clientRequests = createClientRequests({
    database,
    audit,
    clients,
    secrets,
    apis,
    masterKey,
    clock,
    random,
    maximumWaiting: settings.clientRequests.maximumWaiting,
    deliveryHours: settings.clientRequests.deliveryHours,
  })
  const limits = await createLimits({
    config: settings.limits,
    database,
    clock,
    store: limitStore ?? createMemoryLimits({ clock }),
  })
  const issuer = settings.publicUrl
  const tokenRevocation = createTokenRevocation({
    database,
    audit,
    clock,
    maximumCached: settings.caches.tokens,
  })
  const verifyToken = createVerifyToken({
    issuer,
    signingKeys,
    clients,
    secretVerification,
    tokenRevocation,
    feed: database.feed,
    clock,
    maximumCached: settings.caches.tokens,
  })
  await signingKeys.maintain()
  const toDispose = opened.move()
  return {
    database,
    apis,
    audit,
    usage,
    signingKeys,
    customers,
    clients,
    secrets,
    clientRequests,
    secretVerification,
    lastUse,
    limits,
    issueToken: createIssueToken({ issuer, signingKeys, clock, random }),
    verifyToken,
    tokenRevocation,
    clock,
    [Symbol.asyncDispose]: () => toDispose.disposeAsync(),
  }
}

/** The HTTP server of an installation, not yet listening. */
export interface App extends AsyncDisposable {
  http: FastifyInstance
  access: Access
  maps: MapStore
}

/**
 * Wires the server.
 * @throws OtherServerError when another server runs that this one must not run beside, and what
 * `openAccess` throws
 */
export async function createApp(settings: Settings, overrides: Overrides = {}): Promise<App> {
  await using opened = new AsyncDisposableStack()
  const location = databaseLocation(settings)
  const { store } = settings.limits
  const clock = overrides.clock ?? systemClock
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 })
  const http = await createServer(settings, version)
  const onError = (error: unknown) => http.log.error({ err: error }, 'will be tried again')
  opened.use(
    await holdServerLock({
      location,
      dataDir: settings.dataDir,
      store,
      onLost(error) {
        http.log.fatal({ err: error }, 'stopping')
        process.kill(process.pid, 'SIGTERM')
      },
    }),
  )
  const limitStore = opened.use(
    store === 'memory'
      ? createMemoryLimits({ clock })
      : await openSharedLimits({ location, dataDir: settings.dataDir, clock }),
  )
  const access = opened.use(await openAccess(settings, limitStore, { onError, ...overrides }))
  const maps = opened.use(await openMapStore(mapsLocation(settings, location)))
  // Requests are finished before what they use is closed.
  opened.defer(() => http.close())

  const { apis, verifyToken, database } = access
  const issuer = settings.publicUrl
  const limitCall = createLimitCall(access.limits)
  installGateway(http, { issuer, apis, verifyToken, limitCall })
  countUsage(http, access.usage)

  const authentication = {
    clients: access.clients,
    secretVerification: access.secretVerification,
    lastUse: access.lastUse,
    attempts: createAttempts({ clock }),
    audit: access.audit,
    feed: database.feed,
  }
  const authenticateClient = createClientAuthentication({
    readers: [readPostCredentials, readBasicCredentials],
    ...authentication,
  })
  const { issueToken } = access
  const grants = [clientCredentialsGrant({ apis })]
  const token = createTokenEndpoint({ authenticateClient, grants, issueToken, limitCall })
  await http.register(async (scope) =>
    oauthRoutes(scope, {
      issuer,
      apis,
      signingKeys: access.signingKeys,
      token,
      introspect: createIntrospectionEndpoint({ authenticateClient, verifyToken, apis, limitCall }),
      revoke: createRevocationEndpoint({
        authenticateClient,
        verifyToken,
        tokenRevocation: access.tokenRevocation,
        limitCall,
      }),
    }),
  )

  await http.register(
    async (scope) =>
      mapRoutes(scope, { store: maps, publicUrl: issuer, accessScope: () => publicAccessScope }),
    { prefix: '/maps' },
  )
  if (settings.dialects.mapiq) {
    await mapiqDialect(http, { token, store: maps, accessScope: () => publicAccessScope })
  }
  if (settings.dialects.mapsindoors) {
    const { clients, secrets, secretVerification } = access
    await mapsIndoorsDialect(http, {
      token: createTokenEndpoint({
        authenticateClient,
        grants: [integrationGrant({ apis })],
        issueToken,
        limitCall,
        lifetimeSeconds: LIFETIME_SECONDS,
        toAnswer: integrationAnswer,
      }),
      clients,
      secrets,
      secretVerification,
      authenticateByForm: createClientAuthentication({
        readers: [readPostCredentials],
        ...authentication,
      }),
    })
  }
  await http.register(
    async (scope) =>
      adminRoutes(scope, {
        ...access,
        publicUrl: issuer,
        defaultOverlapSeconds: settings.secrets.defaultOverlapSeconds,
      }),
    { prefix: '/admin' },
  )
  const { clientRequests, clients } = access
  const { open } = settings.clientRequests
  applicationRoutes(http, { clientRequests, limitCall, open })
  await http.register(async (scope) =>
    deliveryRoutes(scope, { clientRequests, clients, limitCall, publicUrl: issuer }),
  )
  systemRoutes(http, {
    publicUrl: issuer,
    version,
    async ready() {
      await database.feed.read()
    },
  })

  const maintenance = setInterval(() => void maintain(access).catch(onError), 60_000)
  opened.defer(() => clearInterval(maintenance))
  const toDispose = opened.move()
  return { http, access, maps, [Symbol.asyncDispose]: () => toDispose.disposeAsync() }
}

/** What is due from time to time; safe to run on several nodes. */
async function maintain({ signingKeys, secrets, tokenRevocation }: Access): Promise<void> {
  await signingKeys.maintain()
  await secrets.prune()
  await tokenRevocation.prune()
}
