import type { Client, RefreshMode } from '../../access/clients/client.ts'
import type { Grant as PersonGrant } from '../../access/grants/grant.ts'
import type { FoundRefreshToken, RefreshTokens } from '../../access/grants/refresh-tokens.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import { invalidGrant } from '../../protocol/oauth-error.ts'
import type { Grant } from './grant.ts'
import { grantedScopes } from './granted-scopes.ts'

/**
 * RFC 6749 §6: a new access token without the person, and by default a new refresh token. The scope
 * may be narrowed for the access token; the refresh token keeps what was granted.
 */
export function refreshTokenGrant(options: {
  refreshTokens: RefreshTokens
  apis: Apis
  /** The audience of a token that has no scope of an API. */
  userinfo: string
}): Grant {
  const { refreshTokens, apis, userinfo } = options
  return {
    type: 'refresh_token',
    confidentialOnly: false,
    async decide({ client }, form, { issuer, jkt, actor }) {
      const found = await refreshTokens.find(form.require('refresh_token'))
      const fault = faultOf(found, client, issuer, jkt)
      if (!found || fault !== null) throw refused(fault ?? 'refresh_token_unknown')
      const { grant } = found
      const scope = form.get('scope')
      const resources = form.all('resource')
      const decided = grantedScopes({ apis, client, grant, scope, resources, userinfo })
      // The identical retry gets the identical answer: by who asks, with which key, for what.
      const context = JSON.stringify([client.id, jkt, scope, resources])
      return {
        ...decided,
        grant,
        async within(issue) {
          const mode = refreshModeOf(client, grant)
          const outcome = await refreshTokens.use(actor, found, mode, context, issue)
          if (outcome.kind === 'refreshed') return outcome.answer
          throw refused(`refresh_token_${outcome.kind}`)
        },
      }
    },
  }
}

function refreshModeOf(
  client: Pick<Client, 'type' | 'profile' | 'refreshMode'>,
  grant: Pick<PersonGrant, 'dpopJkt'>,
): RefreshMode {
  // RFC 9700 §2.2.2: what anybody could use who finds it must at least show that it was found.
  if (client.type === 'public' && grant.dpopJkt === null) return 'rotate'
  // FAPI 2.0 §5.3.2.1: no rotation, because a client that loses an answer loses its access.
  return client.profile === 'fapi2' ? 'keep' : client.refreshMode
}

function faultOf(
  found: FoundRefreshToken | null,
  client: Client,
  issuer: string,
  jkt: string | null,
): string | null {
  if (!found) return 'refresh_token_unknown'
  const { grant } = found
  // RFC 6749 §10.4: bound to the client it was issued to.
  if (found.clientId !== client.id) return 'refresh_token_of_other_client'
  if (grant.issuer !== issuer) return 'refresh_token_of_other_issuer'
  if (found.ended) return 'refresh_token_ended'
  // RFC 9449 §5: a public client has nothing but its key to show that it is the one.
  if (client.type === 'public' && grant.dpopJkt !== null && grant.dpopJkt !== jkt) {
    return 'refresh_token_of_other_key'
  }
  return null
}

const refused = (reason: string) => invalidGrant('The refresh token is not valid.', reason)
