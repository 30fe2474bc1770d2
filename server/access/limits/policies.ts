import type { Quota } from '../../lib/sliding-window.ts'
import type { Policy } from './decision.ts'

/** The `limits` section of the configuration. */
export interface LimitSettings {
  store: 'memory' | 'shared'
  /** For a client on an endpoint of which nothing else is said. */
  default: Quota
  /** By endpoint. */
  endpoints: Record<string, Quota>
  /** By client id. */
  clients: Record<string, { total?: Quota; endpoints: Record<string, Quota> }>
}

/** A quota set at run time. */
export interface LimitOverride extends Quota {
  /** Empty: each client. */
  clientId: string
  /** Empty: all endpoints of the client together. */
  endpoint: string
}

/** A call to be judged. */
export interface LimitedCall {
  clientId: string
  endpoint: string
  /** What the endpoint declares of itself. */
  declared?: Quota | undefined
}

/** Finds the quota of a client (or of each: '') on an endpoint (or on all together: ''). */
type FindQuota = (clientId: string, endpoint: string) => Quota | undefined

/**
 * The policies of a call: one for the client on this endpoint, and one for all its calls if someone
 * set one. Of several quotas the most specific counts, and of two for the same thing the one set at
 * run time.
 */
export function resolvePolicies(
  { clientId, endpoint, declared }: LimitedCall,
  find: { override: FindQuota; setting: FindQuota; default: Quota },
): Policy[] {
  const { override, setting } = find
  const onEndpoint =
    override(clientId, endpoint) ??
    setting(clientId, endpoint) ??
    override('', endpoint) ??
    setting('', endpoint) ??
    declared ??
    find.default
  const policies = [createPolicy('endpoint', `${clientId}\n${endpoint}`, onEndpoint)]
  const total = override(clientId, '') ?? setting(clientId, '') ?? override('', '')
  if (total) policies.push(createPolicy('client', `${clientId}\n`, total))
  return policies
}

/** What the configuration says; `Object.hasOwn`, because clients may be called `constructor`. */
export function findSetting(settings: LimitSettings): FindQuota {
  return (clientId, endpoint) => {
    if (clientId === '') return own(settings.endpoints, endpoint)
    const client = own(settings.clients, clientId)
    return endpoint === '' ? client?.total : client && own(client.endpoints, endpoint)
  }
}

function own<Value>(record: Record<string, Value>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

function createPolicy(name: Policy['name'], key: string, { quota, windowSeconds }: Quota): Policy {
  return {
    name,
    key,
    quota,
    windowSeconds,
    policyItem: `"${name}";q=${quota};w=${windowSeconds}`,
  }
}
