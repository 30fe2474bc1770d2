import type { Apis } from '../access/scopes/apis.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import type { ProtectedAccess } from '../http/route.ts'
import { BearerError } from '../protocol/bearer.ts'
import { createAboutApis } from './about-api.ts'

/**
 * Whether a valid token is meant for a call: its audience (RFC 9068 §4), its scope, and who may manage.
 * @throws BearerError 401 `invalid_token`, 403 `insufficient_scope`
 */
export type RequireScope = (caller: Caller, access: ProtectedAccess) => void

export function createRequireScope(options: { issuer: string; apis: Apis }): RequireScope {
  const { issuer, apis } = options
  const management = apis.get('management')!
  const about = createAboutApis(options)
  const ownAudiences = [
    ...apis.all.map((api) => api.audience).filter((audience) => audience.startsWith(`${issuer}/`)),
    `${issuer}/oauth2/userinfo`,
  ]

  const isManagement = (access: ProtectedAccess) => about.apiOf(access) === management

  function isMeantFor(audience: string | readonly string[], access: ProtectedAccess): boolean {
    const audiences = typeof audience === 'string' ? [audience] : audience
    const api = access.scope === null ? null : apis.ofScope(access.scope)
    if (api !== null && !audiences.includes(api.audience)) return false
    if (api !== null && api !== management) return true
    // OpenID scopes belong to no API: they count in any token that is for this server.
    if (access.scope !== null && api === null) {
      return audiences.some((name) => ownAudiences.includes(name))
    }
    // Each of its audiences gets to see the token: one elsewhere must manage nothing with it.
    return audiences.every((name) => ownAudiences.includes(name))
  }

  return (caller, access) => {
    // RFC 9068 §4: a token for another API is no token here.
    if (!isMeantFor(caller.claims.aud, access)) {
      throw new BearerError('invalid_token', 'The access token is for another API.', {
        ...about.of(access),
        reason: 'wrong_audience',
      })
    }
    if (access.scope !== null && !caller.scopes.includes(access.scope)) {
      throw new BearerError(
        'insufficient_scope',
        'The access token lacks the scope.',
        about.of(access),
      )
    }
    if (caller.kind !== 'client' && isManagement(access)) {
      throw new BearerError(
        'insufficient_scope',
        'Only a token that a client got for itself manages anything.',
        about.of(access),
      )
    }
  }
}
