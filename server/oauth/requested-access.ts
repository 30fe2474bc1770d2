import {
  invalidDetails,
  parseDetails,
  type RequestedDetail,
} from '../access/areas/parse-details.ts'
import { isMapAction } from '../access/areas/map-data-detail.ts'
import type { Client } from '../access/clients/client.ts'
import type { Apis } from '../access/scopes/apis.ts'
import { personScopes, type PersonScopes, personScopesOf } from '../access/scopes/person-scopes.ts'
import type { Form } from '../protocol/form.ts'

/** What a client asks a person for; the areas of its details are still to be stored. */
export interface RequestedAccess extends PersonScopes {
  details: readonly RequestedDetail[]
}

/**
 * Judges `scope`, `resource` and `authorization_details` of a request that a person will be asked
 * about, in a browser or for a device. Details limit the scopes of map data, so that both say the
 * same (RFC 9396 §3.1): the actions of the details are scopes of the token, and no such scope stands
 * without a limit beside them.
 * @throws OAuthError invalid_scope, invalid_target, invalid_authorization_details
 */
export function requestedAccess(
  { apis, publicUrl }: { apis: Apis; publicUrl: string },
  client: Pick<Client, 'scopes'>,
  form: Form,
): RequestedAccess {
  const granted = personScopesOf(apis, client)
  const text = form.get('authorization_details')
  const details = text === null ? [] : parseDetails(text)
  const actions = [...new Set(details.flatMap((detail) => detail.actions))]
  const barred = actions.find((action) => !granted.includes(action))
  if (barred !== undefined) {
    throw invalidDetails(`has the action ${barred}, which the client may not ask for`)
  }
  const asked = form.get('scope')
  const names = asked?.split(' ') ?? []
  const unlimited =
    actions.length > 0 && names.find((name) => isMapAction(name) && !actions.includes(name))
  if (unlimited) throw invalidDetails(`does not say where the scope ${unlimited} holds`)
  const decided = personScopes({
    apis,
    granted,
    scope: actions.length > 0 ? [...names, ...actions].join(' ') : asked,
    resources: form.all('resource'),
    userinfo: `${publicUrl}/oauth2/userinfo`,
  })
  return { ...decided, details }
}
