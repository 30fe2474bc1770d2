import { importJWK } from 'jose'
import { LRUCache } from 'lru-cache'
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  PrivateKeyJwt,
} from 'openid-client'
import type {
  IdentityProvider,
  ProviderCredential,
} from '../access/identity-providers/identity-provider.ts'
import type { IdentityProviders } from '../access/identity-providers/identity-providers.ts'
import type { Outbound } from '../access/outbound/outbound.ts'
import type { ChangeFeed } from '../database/change-feed.ts'

/**
 * This server as a client of a customer's provider: what the provider says of itself, and how to log in
 * to it. Kept for a while, until the provider is changed here. Requests go through the guard of
 * `access/outbound`, because customers name these URLs.
 */
export interface UpstreamClients {
  /** @throws what `openid-client` throws, OutboundError, MasterKeyError */
  of(provider: Pick<IdentityProvider, 'id'>): Promise<Configuration>
}

const KEPT_MILLISECONDS = 10 * 60_000

/** No longer than somebody waits before they try again. */
const FAILED_MILLISECONDS = 5_000

const MAXIMUM_KEPT = 200

const TIMEOUT_SECONDS = 8

export function createUpstreamClients(options: {
  identityProviders: Pick<IdentityProviders, 'find' | 'credentialOf'>
  outbound: Outbound
  feed: Pick<ChangeFeed, 'subscribe' | 'ensureFresh'>
}): UpstreamClients {
  const { identityProviders, outbound, feed } = options
  // Promises: however many come at once, one asks; and who comes right after a failure gets it too, so
  // that a provider that does not answer takes nothing from the others.
  const kept = new LRUCache<string, Promise<Configuration>>({ max: MAXIMUM_KEPT })
  feed.subscribe(({ topic, key }) => {
    if (topic === 'everything') kept.clear()
    else if (topic === 'identity-provider') kept.delete(key)
  })
  const guarded: NonNullable<Configuration[typeof customFetch]> = (url, init) =>
    outbound.fetch(url, {
      method: init.method,
      headers: init.headers,
      body: toBody(init.body),
      signal: init.signal ?? null,
    })

  async function loadNow(id: string): Promise<Configuration> {
    const provider = await identityProviders.find(id)
    const credential = await identityProviders.credentialOf(id)
    if (!provider || !credential) throw new Error(`the identity provider ${id} is gone`)
    const issuer = new URL(provider.issuer)
    const insecure = issuer.protocol === 'http:' && outbound.isAllowedHost(issuer)
    const found = await discovery(issuer, provider.clientId, undefined, None(), {
      [customFetch]: guarded,
      timeout: TIMEOUT_SECONDS,
      ...(insecure && { execute: [allowInsecureRequests] }),
    })
    const server = found.serverMetadata()
    const methods = server.token_endpoint_auth_methods_supported
    const configuration = new Configuration(
      server,
      provider.clientId,
      undefined,
      await authenticationBy(credential, methods),
    )
    configuration[customFetch] = guarded
    configuration.timeout = TIMEOUT_SECONDS
    if (insecure) allowInsecureRequests(configuration)
    // OpenID Connect Core §3.1.3.7 would do without where TLS reaches to the provider; a signature
    // holds too where something in between ends it.
    enableNonRepudiationChecks(configuration)
    return configuration
  }

  return {
    async of({ id }) {
      await feed.ensureFresh()
      const known = kept.get(id)
      if (known) return known
      // What is read from here on is deleted by a change that comes meanwhile.
      const loading = loadNow(id)
      kept.set(id, loading, { ttl: KEPT_MILLISECONDS })
      loading.catch(() => {
        if (kept.peek(id) === loading) kept.set(id, loading, { ttl: FAILED_MILLISECONDS })
      })
      return loading
    },
  }
}

async function authenticationBy(
  credential: ProviderCredential,
  methods: readonly string[] | undefined,
) {
  if (credential.kind === 'private-key') {
    const key = await importJWK(credential.key)
    if (key instanceof Uint8Array) throw new Error('the private key is a symmetric one')
    const { kid } = credential.key
    return PrivateKeyJwt(kid === undefined ? key : { key, kid })
  }
  // OpenID Connect Discovery §3: a provider that names no method takes Basic.
  const post = methods?.includes('client_secret_post') ?? false
  return post ? ClientSecretPost(credential.secret) : ClientSecretBasic(credential.secret)
}

function toBody(body: unknown): string | URLSearchParams | null {
  if (body === null || body === undefined) return null
  if (typeof body === 'string' || body instanceof URLSearchParams) return body
  throw new TypeError('a request to an identity provider is a form')
}
