import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Audit, createAudit } from './access/audit/audit.ts'
import { type Clients, createClients } from './access/clients/clients.ts'
import { createCustomers, type Customers } from './access/customers/customers.ts'
import { checkMasterKey, parseMasterKey, readMasterKeyFile } from './access/keys/master-key.ts'
import { createSigningKeys, type SigningKeys } from './access/keys/signing-keys.ts'
import { createLimits, type Limits, type LimitStore } from './access/limits/limits.ts'
import { createMemoryLimits } from './access/limits/memory-limits.ts'
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
import type { Settings } from './config/load.ts'
import type { Database } from './database/database.ts'
import { type DatabaseLocation, openDatabase } from './database/open.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { type RandomBytes, systemRandom } from './lib/random.ts'

/**
 * The half of the composition root that commands and server share: an installation's data, opened,
 * with all of `access/` wired on top of it. `app.ts` wires the HTTP server on top of this.
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
    onError,
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
    clients,
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
