import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AccessScope } from '../access/scopes/access-scope.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import {
  createAccessScopes,
  type FindAccessScope,
  NOTHING,
} from '../access/scopes/access-scopes.ts'
import { createAttempts } from '../access/attempts/attempts.ts'
import { createLimits } from '../access/limits/limits.ts'
import { createNetworkLimits } from '../access/limits/network-limits.ts'
import type { Settings } from '../config/load.ts'
import { readOAuthSecret } from '../dialects/mapillary/graph/token.ts'
import { createNeedToken, type NeedToken } from '../gateway/about-api.ts'
import { type CheckBinding, createCheckBinding } from '../gateway/check-binding.ts'
import { createLimitCall } from '../gateway/limit-call.ts'
import type { LimitCall } from '../http/route.ts'
import type { MapStore } from '../maps/store/map-store.ts'
import type { WorkerPool } from '../maps/workers/pool.ts'
import { createVerifyClientAssertion } from '../oauth/client-assertion.ts'
import {
  type CredentialReader,
  readAssertionCredentials,
  readBasicCredentials,
  readPostCredentials,
  readPublicClient,
} from '../oauth/client-authentication-readers.ts'
import {
  type AuthenticateClient,
  createClientAuthentication,
} from '../oauth/client-authentication.ts'
import { createProveKey, type ProveKey } from '../oauth/dpop.ts'
import { type CreateIdToken, createIdTokens } from '../oauth/id-token.ts'
import { createLimitClient, type LimitClient } from '../oauth/limit-client.ts'
import type { Access } from '../open-access.ts'

/** What the surfaces are made of: the parts that more than one of them uses. */
export interface Surfaces {
  http: FastifyInstance
  settings: Settings
  access: Access
  maps: MapStore
  mapWorkers: WorkerPool
  /** What the caller of a protected route may see and write. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  scopeOf: FindAccessScope
  /**
   * What a caller may see and write by now: for what goes on long after the call was let in. Nothing,
   * when the client, the consent or whatever else the token hangs on has ended.
   */
  scopeByNow: (caller: Caller | null, countedAs: string) => Promise<AccessScope>
  needToken: NeedToken
  limitCall: LimitCall
  limitNetwork: LimitCall
  limitClient: LimitClient
  authenticateClient: AuthenticateClient
  /** For a dialect that is an issuer of its own: signed assertions are meant for that. */
  authenticateAt: (issuer: string) => AuthenticateClient
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

export async function createSurfaces(options: {
  http: FastifyInstance
  settings: Settings
  access: Access
  maps: MapStore
  mapWorkers: WorkerPool
}): Promise<Surfaces> {
  const { settings, access } = options
  const { publicUrl } = settings
  const limitCall = createLimitCall(access.limits)
  const limitNetwork = await createNetworkLimitCall(settings, access)
  const accessScopes = createAccessScopes(access)
  return {
    ...options,
    accessScope({ caller, countedAs }) {
      const scope = accessScopes(caller)
      return scope instanceof Promise
        ? scope.then((found) => ({ ...found, countedAs }))
        : { ...scope, countedAs }
    },
    scopeOf: accessScopes,
    async scopeByNow(caller, countedAs) {
      await access.database.feed.ensureFresh()
      const stands = caller === null || (await access.verifyToken.stands(caller))
      return stands ? { ...(await accessScopes(caller)), countedAs } : NOTHING
    },
    needToken: createNeedToken({ issuer: publicUrl, apis: access.apis }),
    limitCall,
    limitNetwork,
    limitClient: createLimitClient({ limitCall, limitNetwork }),
    ...clientLogin(settings, access),
    issuer: publicUrl,
    proveKey: createProveKey({ ...access, publicUrl }),
    checkBinding: createCheckBinding({ ...access, publicUrl }),
    createIdToken: createIdTokens(access),
  }
}

const CREDENTIAL_READERS: readonly CredentialReader[] = [
  readPostCredentials,
  readBasicCredentials,
  readAssertionCredentials,
  readPublicClient,
]

function clientLogin({ publicUrl }: Settings, access: Access) {
  // Shared: failures count together, whichever endpoint they come in at.
  const shared = { ...access, attempts: createAttempts(access), feed: access.database.feed }
  const authenticateAt = (issuer: string, readers: readonly CredentialReader[]) =>
    createClientAuthentication({
      ...shared,
      verifyClientAssertion: createVerifyClientAssertion({ ...access, issuer }),
      readers,
    })
  return {
    authenticateClient: authenticateAt(publicUrl, CREDENTIAL_READERS),
    authenticateAt: (issuer: string) => authenticateAt(issuer, CREDENTIAL_READERS),
    authenticateByForm: authenticateAt(publicUrl, [readPostCredentials]),
    authenticateByOAuth: authenticateAt(publicUrl, [readOAuthSecret, readPostCredentials]),
  }
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
