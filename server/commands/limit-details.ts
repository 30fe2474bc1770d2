import type { LimitOverride } from '../access/limits/policies.ts'
import type { Settings } from '../config/load.ts'
import { formatDuration } from '../lib/durations.ts'
import { table } from './output.ts'

/** A quota with where it was set; an empty client is each client, an empty endpoint all together. */
export interface Limit extends LimitOverride {
  source: 'configuration' | 'run time'
}

/** Those of the configuration and those set at run time. */
export function limitsOf({ limits }: Settings, overrides: readonly LimitOverride[]): Limit[] {
  const configured: LimitOverride[] = [
    ...Object.entries(limits.endpoints).map(([endpoint, quota]) => ({
      clientId: '',
      endpoint,
      ...quota,
    })),
    ...Object.entries(limits.clients).flatMap(([clientId, { total, endpoints }]) => [
      ...(total ? [{ clientId, endpoint: '', ...total }] : []),
      ...Object.entries(endpoints).map(([endpoint, quota]) => ({ clientId, endpoint, ...quota })),
    ]),
  ]
  return [
    ...configured.map((limit) => ({ ...limit, source: 'configuration' as const })),
    ...overrides.map((limit) => ({ ...limit, source: 'run time' as const })),
  ]
}

export function limitRows(limits: readonly Limit[]): string[][] {
  return limits.map(({ clientId, endpoint, quota, windowSeconds, source }) => [
    clientId || 'each',
    endpoint || 'all together',
    String(quota),
    formatDuration(windowSeconds * 1_000),
    source,
  ])
}

export const limitsTable = (rows: readonly string[][]): string =>
  table(['CLIENT', 'ENDPOINT', 'QUOTA', 'WINDOW', 'SET IN'], rows)
