import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Applications, createApplications } from './access/applications/applications.ts'
import { type Audit, createAudit } from './access/audit/audit.ts'
import { type ClientTokens, createClientTokens } from './access/client-tokens/client-tokens.ts'
import { type ClientKeys, createClientKeys } from './access/client-keys/client-keys.ts'
import { createClientResolver, type ResolveClient } from './access/clients/client-resolver.ts'
import { type ClientRules, createClientRules } from './access/clients/client-rules.ts'
import { type Clients, createClients } from './access/clients/clients.ts'
import {
  createMetadataDocuments,
  type MetadataDocuments,
} from './access/clients/metadata-documents.ts'
import { createRegistrations, type Registrations } from './access/clients/registrations.ts'
import {
  createInitialAccessTokens,
  type InitialAccessTokens,
} from './access/initial-access-tokens/initial-access-tokens.ts'
import { type Collections, createCollections } from './access/collections/collections.ts'
import { createOutbound, type Outbound } from './access/outbound/outbound.ts'
import { createCustomers, type Customers } from './access/customers/customers.ts'
import { type Admit, createAdmit } from './access/identity-providers/admission.ts'
import {
  createFederatedIdentities,
  type FederatedIdentities,
} from './access/identity-providers/federated-identities.ts'
import {
  createIdentityProviders,
  type IdentityProviders,
} from './access/identity-providers/identity-providers.ts'
import {
  checkMasterKey,
  type MasterKey,
  parseMasterKey,
  readMasterKeyFile,
} from './access/keys/master-key.ts'
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
import { createSubscriptions, type Subscriptions } from './access/subscriptions/subscriptions.ts'
import { createIssueToken, type IssueToken } from './access/tokens/issue.ts'
import { createTokenRevocation, type TokenRevocation } from './access/tokens/revocation.ts'
import { createVerifyToken, type VerifyToken } from './access/tokens/verify.ts'
import { createUsage, type Usage } from './access/usage/usage.ts'
import type { Settings } from './config/load.ts'
import type { Database } from './database/database.ts'
import { type DatabaseLocation, openDatabase } from './database/open.ts'
import type { MailLog } from './mail/mail.ts'
import { type AccountsAccess, openAccounts } from './wiring/open-accounts.ts'
import { type GrantsAccess, openGrants } from './wiring/open-grants.ts'
import { issuersOf, openTokens, type TokensAccess } from './wiring/open-tokens.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { type RandomBytes, systemRandom } from './lib/random.ts'

/**
 * The half of the composition root that commands and server share: an installation's data, opened,
 * with all of `access/` wired on top of it. `app.ts` wires the HTTP server on top of this.
 */
export interface Access extends AccountsAccess, GrantsAccess, TokensAccess, AsyncDisposable {
  database: Database
  apis: Apis
  audit: Audit
  usage: Usage
  signingKeys: SigningKeys
  customers: Customers
  /** Which collections of map data there are; their data is in the map store. */
  collections: Collections
  subscriptions: Subscriptions
  clients: Clients
  clientTokens: ClientTokens
  secrets: Secrets
  clientRequests: ClientRequests
  identityProviders: IdentityProviders
  federatedIdentities: FederatedIdentities
  admit: Admit
  applications: Applications
  secretVerification: SecretVerification
  lastUse: LastUse
  limits: Limits
  issueToken: IssueToken
  verifyToken: VerifyToken
  tokenRevocation: TokenRevocation
  outbound: Outbound
  clientKeys: ClientKeys
  clientRules: ClientRules
  initialAccessTokens: InitialAccessTokens
  registrations: Registrations
  /** null: not switched on. */
  metadataDocuments: MetadataDocuments | null
  resolveClient: ResolveClient
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}

/** What tests replace. */
export interface Overrides {
  clock?: Clock
  random?: RandomBytes
  onError?: (error: unknown) => void
  log?: MailLog
  /** Milliseconds between an answer and what is done after it (`Background`). */
  backgroundDelay?: { least: number; most: number }
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
  {
    clock = systemClock,
    random = systemRandom,
    onError = () => {},
    log = { info: () => {}, error: () => {} },
    backgroundDelay,
  }: Overrides = {},
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
  const identityProviders = createIdentityProviders({ database, audit, masterKey, clock, random })
  const permissions = openGrants({ settings, database, masterKey, audit, clock, random })
  const { grants } = permissions
  const people = openAccounts(
    {
      settings,
      database,
      masterKey,
      audit,
      identityProviders,
      grants,
      clock,
      random,
      onError,
      log,
      backgroundDelay,
    },
    opened,
  )
  const tickets = openTokens({ settings, database, masterKey, grants, clock, random })
  const customers = createCustomers({ database, audit, clock, random })
  const collections = await createCollections({ database, audit, clock })
  const { areas } = permissions
  const subscriptions = await createSubscriptions({ database, areas, audit, clock, random })
  const clients = createClients({
    database,
    audit,
    clock,
    random,
    defaultTokenLifetimeSeconds: settings.tokens.defaultLifetimeSeconds,
    maximumCached: settings.caches.clients,
  })
  const clientTokens = await createClientTokens({
    database,
    masterKey,
    clients,
    apis,
    audit,
    clock,
    random,
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
  const outbound = createOutbound(settings.outbound)
  const clientKeys = createClientKeys({
    outbound,
    clock,
    // A query may hold what is nobody's business.
    onFailure: (url, reason) =>
      log.info({ url: url.split('?')[0], reason }, 'a client’s key set could not be fetched'),
  })
  const clientRules = createClientRules({
    algorithms: [...new Set([settings.signing.algorithm, 'RS256' as const])],
    isAllowedHost: outbound.isAllowedHost,
  })
  const initialAccessTokens = createInitialAccessTokens({
    database,
    audit,
    masterKey,
    clock,
    random,
  })
  const registrations = createRegistrations({
    database,
    audit,
    clients,
    rules: clientRules,
    secrets,
    customers,
    initialAccessTokens,
    masterKey,
    random,
    customerId: settings.registration.customer,
    maximumOpen: settings.registration.maximumOpen,
  })
  const metadataDocuments = settings.clientIdMetadata.enabled
    ? createMetadataDocuments({
        database,
        clients,
        registrations,
        outbound,
        rules: clientRules,
        clock,
        customerId: settings.registration.customer,
        permittedScopes: settings.registration.scopes,
        allowedHosts: settings.clientIdMetadata.allowedHosts,
        onRefused: (url, reason) => log.info({ url, reason }, 'a client’s document was not taken'),
      })
    : null
  const resolveClient = createClientResolver({ clients, metadataDocuments })
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
  const applications = createApplications({
    database,
    audit,
    clients,
    clientRules,
    secrets,
    clientRequests,
    apis,
    clock,
    policy: settings.selfService,
  })
  const federatedIdentities = createFederatedIdentities({ database, audit, clock })
  const admit = createAdmit({ database, ...people, federatedIdentities })
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
    issuers: issuersOf(settings),
    apis,
    grants,
    accounts: people.accounts,
    clientTokens,
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
    ...people,
    ...permissions,
    ...tickets,
    database,
    apis,
    audit,
    usage,
    signingKeys,
    customers,
    collections,
    subscriptions,
    clients,
    clientTokens,
    secrets,
    clientRequests,
    identityProviders,
    federatedIdentities,
    admit,
    applications,
    secretVerification,
    lastUse,
    limits,
    issueToken: createIssueToken({ issuer, signingKeys, clock, random }),
    verifyToken,
    tokenRevocation,
    masterKey,
    clock,
    random,
    outbound,
    clientKeys,
    clientRules,
    initialAccessTokens,
    registrations,
    metadataDocuments,
    resolveClient,
    [Symbol.asyncDispose]: () => toDispose.disposeAsync(),
  }
}
