import { type Areas, createAreas } from '../access/areas/areas.ts'
import type { Audit } from '../access/audit/audit.ts'
import type { Consents } from '../access/consents/consent.ts'
import { createConsents } from '../access/consents/consents.ts'
import {
  type AuthorizationCodes,
  createAuthorizationCodes,
} from '../access/grants/authorization-codes.ts'
import { createGrants, type Grants } from '../access/grants/grants.ts'
import type { Interactions } from '../access/interactions/interaction.ts'
import { createInteractions } from '../access/interactions/interactions.ts'
import {
  createPushedRequests,
  type PushedRequests,
} from '../access/interactions/pushed-requests.ts'
import type { MasterKey } from '../access/keys/master-key.ts'
import type { Settings } from '../config/load.ts'
import type { Database } from '../database/database.ts'
import type { Clock } from '../lib/clock.ts'
import type { RandomBytes } from '../lib/random.ts'

/** The part of `Access` about what persons let clients do, and how they are asked. */
export interface GrantsAccess {
  areas: Areas
  grants: Grants
  authorizationCodes: AuthorizationCodes
  consents: Consents
  interactions: Interactions
  pushedRequests: PushedRequests
}

const DAY = 86_400_000

export function openGrants(options: {
  settings: Settings
  database: Database
  masterKey: MasterKey
  audit: Audit
  clock: Clock
  random: RandomBytes
}): GrantsAccess {
  const { settings } = options
  const areas = createAreas(options)
  const grants = createGrants({
    ...options,
    areas,
    lifetimeMilliseconds: settings.refreshTokens.absoluteDays * DAY,
    maximumCached: settings.caches.tokens,
  })
  return {
    areas,
    grants,
    authorizationCodes: createAuthorizationCodes({ ...options, grants }),
    consents: createConsents({ ...options, grants, areas }),
    interactions: createInteractions(options),
    pushedRequests: createPushedRequests(options),
  }
}
