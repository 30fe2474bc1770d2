import { createDpopNonces, type DpopNonces } from '../access/dpop/dpop-nonces.ts'
import { createSeenProofs, type SeenProofs } from '../access/dpop/seen-proofs.ts'
import { createDeviceCodes, type DeviceCodes } from '../access/grants/device-codes.ts'
import type { Grants } from '../access/grants/grants.ts'
import { createRefreshTokens, type RefreshTokens } from '../access/grants/refresh-tokens.ts'
import type { MasterKey } from '../access/keys/master-key.ts'
import { createUsedJtis, type UsedJtis } from '../access/used-jtis/used-jtis.ts'
import type { Settings } from '../config/load.ts'
import type { Database } from '../database/database.ts'
import { mapillaryIssuer } from '../dialects/mapillary/issuer.ts'
import type { Clock } from '../lib/clock.ts'
import type { RandomBytes } from '../lib/random.ts'

/** The part of `Access` about what hangs on grants, and about keys that clients prove. */
export interface TokensAccess {
  refreshTokens: RefreshTokens
  deviceCodes: DeviceCodes
  usedJtis: UsedJtis
  /** null: switched off. */
  dpopNonces: DpopNonces | null
  seenProofs: SeenProofs
}

const DAY = 86_400_000

export function openTokens(options: {
  settings: Settings
  database: Database
  masterKey: MasterKey
  grants: Grants
  clock: Clock
  random: RandomBytes
}): TokensAccess {
  const { settings } = options
  return {
    refreshTokens: createRefreshTokens({
      ...options,
      idleMilliseconds: settings.refreshTokens.idleDays * DAY,
    }),
    deviceCodes: createDeviceCodes(options),
    usedJtis: createUsedJtis(options),
    dpopNonces: settings.dpop.nonces ? createDpopNonces(options) : null,
    seenProofs: createSeenProofs(options),
  }
}

/** Whose tokens are ours: the installation is an issuer, and each dialect that has rules of its own for codes. */
export function issuersOf({ publicUrl, dialects }: Settings): string[] {
  return [
    publicUrl,
    ...(dialects.mapsindoors ? [`${publicUrl}/mapsindoors/auth`] : []),
    ...(dialects.mapillary ? [mapillaryIssuer(publicUrl)] : []),
  ]
}
