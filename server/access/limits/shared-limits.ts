import { join } from 'node:path'
import type { DatabaseLocation } from '../../database/open.ts'
import type { Clock } from '../../lib/clock.ts'
import type { LimitStore } from './limits.ts'
import { openPostgresLimits } from './postgres-limits.ts'
import { openSqliteLimits } from './sqlite-limits.ts'

/**
 * Counters for several processes on one machine: beside the database, so that no call waits for a
 * change to be committed there. They read one machine's clock; between machines whose clocks differ
 * the limits are only as exact as the clocks.
 * @param options.dataDir where SQLite keeps the counters, in `limits.sqlite`
 * @throws DatabaseUnavailableError when they cannot be opened
 */
export function openSharedLimits(options: {
  location: DatabaseLocation
  dataDir: string
  clock: Clock
}): Promise<LimitStore> {
  const { location, dataDir, clock } = options
  return location.kind === 'sqlite'
    ? openSqliteLimits(join(dataDir, 'limits.sqlite'), clock)
    : openPostgresLimits(location.url, clock)
}
