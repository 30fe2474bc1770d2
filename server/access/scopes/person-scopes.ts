import type { Client } from '../clients/client.ts'
import type { Apis } from './apis.ts'
import { invalidScope, invalidTarget } from '../../protocol/oauth-error.ts'

/**
 * What a person's token may carry. Scopes of the management API are a client's own: a person that
 * anybody can make act must not manage with them.
 */

/** OpenID Connect Core §5.4, §11: they belong to no API. */
export const OPENID_SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const

export interface PersonScopes {
  scopes: readonly string[]
  audience: readonly string[]
}

export function isOpenIdScope(scope: string): boolean {
  return (OPENID_SCOPES as readonly string[]).includes(scope)
}

/** All that the client may ask a person for: its scopes of data, and those of OpenID. */
export function personScopesOf(apis: Apis, client: Pick<Client, 'scopes'>): string[] {
  return client.scopes.filter((name) => {
    const api = apis.ofScope(name)
    return api !== null && api !== apis.get('management')
  })
}

/**
 * Decides what a person is asked for.
 * @param granted the scopes of data that may be asked for (`personScopesOf`, or those of a grant)
 * @param scope the request's `scope`; null: all of `granted`, and none of OpenID
 * @param resources the request's `resource` values (RFC 8707 §2): only scopes of these APIs
 * @param userinfo the audience of a token that has no scope of an API
 * @throws OAuthError invalid_scope, invalid_target
 */
export function personScopes(options: {
  apis: Apis
  granted: readonly string[]
  scope: string | null
  resources: readonly string[]
  userinfo: string
}): PersonScopes {
  const { apis, granted, scope, resources, userinfo } = options
  const targets = resources.map((resource) => {
    const api = apis.named(resource)
    // Userinfo is where OpenID scopes lead to; anything else is none of ours.
    if (!api && resource !== userinfo) throw invalidTarget('The resource is not known here.')
    return api
  })
  const isTarget = (name: string) => targets.length === 0 || targets.includes(apis.ofScope(name))
  const asked = scope === null ? null : wordsOf(scope)
  for (const name of asked ?? []) {
    if (!SCOPE_TOKEN.test(name)) throw invalidScope('The scope is malformed.')
    if (isOpenIdScope(name)) continue
    if (!granted.includes(name)) {
      throw invalidScope(`The scope ${name.slice(0, 100)} is not one that the client may ask for.`)
    }
    if (!isTarget(name)) throw invalidTarget(`The scope ${name} is not one of the resource.`)
  }
  const data = granted.filter((name) => (asked ? asked.includes(name) : isTarget(name)))
  const scopes = [...OPENID_SCOPES.filter((name) => asked?.includes(name)), ...data]
  if (scopes.length === 0) throw invalidScope('There is no scope that the client may ask for.')
  const audience = new Set(data.map((name) => apis.ofScope(name)!.audience))
  return { scopes, audience: audience.size > 0 ? [...audience] : [userinfo] }
}

const wordsOf = (text: string) => [...new Set(text.split(' ').filter((word) => word !== ''))]

/** RFC 6749 §3.3 */
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/
