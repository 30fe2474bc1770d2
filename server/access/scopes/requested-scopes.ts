import { invalidScope, invalidTarget } from '../../protocol/oauth-error.ts'
import type { Api, Apis } from './apis.ts'

/** What a token will be issued for. */
export interface ScopeGrant {
  scopes: readonly string[]
  /** `aud`: the audiences of the APIs that the scopes belong to. */
  audience: readonly string[]
  /** Less than all that the client may have, so that it manages no secrets. */
  narrowed: boolean
}

/**
 * Decides which of the scopes a client may have its token gets.
 * @param granted all that the client may have
 * @param scope the request's `scope`; null or absent means all. `<API or alias>/.default`, alone, means all of that API
 * @param resources the request's `resource` values (RFC 8707 §2): only scopes of these APIs. The management API alone,
 * without `scope`: its scopes, of which there may be none; any client manages its own secrets with such a token
 * @throws OAuthError invalid_scope, invalid_target
 */
export function requestedScopes(
  apis: Apis,
  granted: readonly string[],
  scope: string | null,
  resources: readonly string[],
): ScopeGrant {
  const targets = resources.map((resource) => {
    const api = apis.named(resource)
    if (!api) throw invalidTarget('The resource is not known here.')
    return api
  })
  const management = apis.get('management')!
  const managing =
    scope === null && targets.length > 0 && targets.every((api) => api === management)
  // A scope may have left the configuration since it was granted.
  const declared = granted.filter((name) => apis.ofScope(name) !== null)
  const scopes = select(apis, declared, scope, targets)
  // A client needs no scope to manage its own secrets, but a token that is for nobody else.
  if (managing) return { scopes, audience: [management.audience], narrowed: false }
  if (scopes.length === 0) {
    throw invalidScope('The client has been granted no scope of what it asks for.')
  }
  const audience = new Set(scopes.map((name) => apis.ofScope(name)!.audience))
  return { scopes, audience: [...audience], narrowed: scopes.length < declared.length }
}

function select(
  apis: Apis,
  granted: readonly string[],
  scope: string | null,
  targets: Api[],
): readonly string[] {
  const belongs = (name: string) => {
    const api = apis.ofScope(name)
    return api !== null && (targets.length === 0 || targets.includes(api))
  }
  if (scope === null) return granted.filter(belongs)
  const names = [...new Set(scope.split(' ').filter((name) => name !== ''))]
  const defaultScope = names.find((name) => name.endsWith(DEFAULT))
  if (defaultScope !== undefined) {
    if (names.length > 1) throw invalidScope('A .default scope stands alone.')
    const api =
      apis.named(defaultScope.slice(0, -DEFAULT.length)) ??
      apis.get(defaultScope.slice(0, -DEFAULT.length))
    if (!api) throw invalidScope('The API of the .default scope is not known here.')
    if (targets.some((target) => target !== api)) {
      throw invalidTarget('The resource and the .default scope name different APIs.')
    }
    return granted.filter((name) => apis.ofScope(name) === api)
  }
  for (const name of names) {
    if (!SCOPE_TOKEN.test(name)) throw invalidScope('The scope is malformed.')
    if (!granted.includes(name))
      throw invalidScope(`The scope ${name.slice(0, 100)} is not granted to the client.`)
    if (!belongs(name)) throw invalidTarget(`The scope ${name} is not one of the resource.`)
  }
  return granted.filter((name) => names.includes(name))
}

const DEFAULT = '/.default'

/** RFC 6749 §3.3 */
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/
