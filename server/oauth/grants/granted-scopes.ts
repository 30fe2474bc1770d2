import type { Client } from '../../access/clients/client.ts'
import type { Grant as PersonGrant } from '../../access/grants/grant.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import { isOpenIdScope } from '../../access/scopes/person-scopes.ts'
import type { ScopeGrant } from '../../access/scopes/requested-scopes.ts'
import { invalidScope, invalidTarget } from '../../protocol/oauth-error.ts'

/**
 * What of a person's grant a token gets: all that the client may still have of it, or the less that
 * the request asks for.
 * @throws OAuthError invalid_scope, invalid_target
 */
export function grantedScopes(options: {
  apis: Apis
  client: Pick<Client, 'scopes'>
  grant: Pick<PersonGrant, 'scopes' | 'audience'>
  /** The request's; null: all. */
  scope: string | null
  /** The request's `resource` values (RFC 8707 §2): only scopes of these APIs. */
  resources: readonly string[]
  /** The audience of a token that has no scope of an API. */
  userinfo: string
}): ScopeGrant {
  const { apis, client, grant, scope, resources, userinfo } = options
  // Scopes may have been taken from the client, or left the configuration, since.
  const held = grant.scopes.filter(
    (name) => isOpenIdScope(name) || (client.scopes.includes(name) && apis.ofScope(name) !== null),
  )
  const targets = resources.map((resource) => {
    const api = apis.named(resource)
    if (!api && resource !== userinfo) throw invalidTarget('The resource is not known here.')
    return api
  })
  const isTarget = (name: string) =>
    targets.length === 0 || isOpenIdScope(name) || targets.includes(apis.ofScope(name))
  const asked = scope === null ? held.filter(isTarget) : wordsOf(scope)
  for (const name of asked) {
    // RFC 6749 §6: never more than was granted.
    if (!held.includes(name)) throw invalidScope('The scope has something that was not granted.')
    if (!isTarget(name)) throw invalidTarget('The scope has something that is not of the resource.')
  }
  const scopes = held.filter((name) => asked.includes(name))
  if (scopes.length === 0) throw invalidScope('Nothing is left of what was granted.')
  if (scopes.length === grant.scopes.length) {
    return { scopes, audience: grant.audience, narrowed: false }
  }
  const audiences = scopes.flatMap((name) => apis.ofScope(name)?.audience ?? [])
  const audience = grant.audience.filter((name) => audiences.includes(name))
  return { scopes, audience: audience.length > 0 ? audience : [userinfo], narrowed: true }
}

const wordsOf = (text: string) => [...new Set(text.split(' ').filter((word) => word !== ''))]
