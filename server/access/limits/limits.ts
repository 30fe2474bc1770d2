import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Quota } from '../../lib/sliding-window.ts'
import type { Decision, Policy } from './decision.ts'
import { listOverrides, Overrides, removeOverride, setOverride } from './overrides.ts'
import {
  findSetting,
  type LimitedCall,
  type LimitOverride,
  type LimitSettings,
  resolvePolicies,
} from './policies.ts'

/**
 * Rate limits: how often a client may call an endpoint, and all endpoints together.
 *
 * A call's policies come from the overrides set at run time, the configuration and the endpoint's
 * own declaration (`policies.ts`, `overrides.ts`). A store keeps the counters, in this process
 * (`memory-limits.ts`) or for several (`shared-limits.ts`), and judges all policies of a call at once
 * (`decision.ts`). Calls that name no client are counted apart, by network (`network-limits.ts`).
 * The client is told by `answer.ts`. Counting itself is `lib/sliding-window.ts`;
 * `server-lock.ts` keeps servers apart that would count the same calls separately.
 */
export interface Limits {
  /**
   * Judges and counts one call; synchronous with counters in memory unless overrides must be read.
   * @throws DatabaseUnavailableError when the overrides or the shared counters cannot be reached
   * @throws Problem 503 when the counters in memory are full
   */
  take(call: LimitedCall): Decision | Promise<Decision>
  /**
   * As `take`, if that needs nobody else; missing where the counters are elsewhere.
   * @returns null: it does, and nothing was counted
   * @throws Problem 503 when the counters are full
   */
  takeAtOnce?(call: LimitedCall): Decision | null
  /** @returns whether that changed anything @throws Problem 400, 409 */
  setOverride(write: Write, override: LimitOverride): Promise<boolean>
  /** @returns whether there was one */
  removeOverride(
    write: Write,
    override: Pick<LimitOverride, 'clientId' | 'endpoint'>,
  ): Promise<boolean>
  listOverrides(): Promise<LimitOverride[]>
}

/** Keeps the counters: a batch of policies in, one atomic decision out. */
export interface LimitStore extends AsyncDisposable {
  take(policies: readonly Policy[]): Decision | Promise<Decision>
  /** As `take`; missing where the counters are elsewhere. */
  takeAtOnce?(policies: readonly Policy[]): Decision
}

/** Policies that were resolved are kept for this many pairs of client and endpoint. */
const KEPT_POLICIES = 100_000

/** @param options.config the `limits` section of the configuration */
export async function createLimits(options: {
  config: LimitSettings
  database: Database
  store: LimitStore
  clock: Clock
}): Promise<Limits> {
  const { config, database, store, clock } = options
  const resolved = new Map<string, Map<string, Resolved>>()
  let kept = 0
  function forgetResolved() {
    resolved.clear()
    kept = 0
  }
  const overrides = new Overrides(database, forgetResolved)
  await overrides.ensureLoaded()
  const find = {
    override: (clientId: string, endpoint: string) => overrides.find(clientId, endpoint),
    setting: findSetting(config),
    default: config.default,
  }

  function policiesOf(call: LimitedCall): readonly Policy[] {
    const known = resolved.get(call.clientId)?.get(call.endpoint)
    if (known && sameQuota(known.declared, call.declared)) return known.policies
    // Forgetting all is simple and rare; it costs each caller one look-up in a few maps.
    if (!known && ++kept > KEPT_POLICIES) forgetResolved()
    const policies = resolvePolicies(call, find)
    let ofClient = resolved.get(call.clientId)
    if (!ofClient) resolved.set(call.clientId, (ofClient = new Map()))
    ofClient.set(call.endpoint, { declared: call.declared, policies })
    return policies
  }

  return {
    take(call) {
      const loading = overrides.ensureLoaded()
      if (loading) return loading.then(() => store.take(policiesOf(call)))
      return store.take(policiesOf(call))
    },
    ...(store.takeAtOnce && {
      takeAtOnce: (call: LimitedCall) =>
        overrides.areLoaded() ? store.takeAtOnce!(policiesOf(call)) : null,
    }),
    setOverride: (write, override) => setOverride(write, override, clock.now()),
    removeOverride,
    listOverrides: () => listOverrides(database),
  }
}

interface Resolved {
  declared: Quota | undefined
  policies: readonly Policy[]
}

function sameQuota(one: Quota | undefined, other: Quota | undefined): boolean {
  if (one === other) return true
  return one?.quota === other?.quota && one?.windowSeconds === other?.windowSeconds
}
