import type { Client } from '../../access/clients/client.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import { isOpenIdScope, personScopesOf } from '../../access/scopes/person-scopes.ts'
import type { Grant } from '../../oauth/grants/grant.ts'
import type { AuthorizationProfile } from '../../oauth/authorize/profile.ts'
import { Form } from '../../protocol/form.ts'

/** Where the base URL `https://auth.mapsindoors.com` of the documentation is. */
export const AUTH_PREFIX = '/mapsindoors/auth'

/** Scopes of the documentation, beside those of OpenID, with the scopes of map data behind them. */
const DATA_SCOPES: Record<string, (permitted: readonly string[]) => readonly string[]> = {
  // The SDKs: apps that show maps.
  'client-apis': (permitted) => permitted.filter((scope) => scope === 'read'),
  // The Integration API, and the CMS: all that the client may do with map data.
  integration: (permitted) => permitted,
  manager: (permitted) => permitted,
  // What they know of the account: `profile` and `email` say it.
  account: () => [],
}

/** As discovery tells them. */
export const MAPSINDOORS_SCOPES = ['openid', 'profile', ...Object.keys(DATA_SCOPES)]

/** The rules of the authorization endpoint are the core's; only the names of scopes differ. */
export function mapsIndoorsProfile(publicUrl: string, apis: Apis): AuthorizationProfile {
  return {
    name: 'mapsindoors',
    issuer: publicUrl + AUTH_PREFIX,
    resumePath: `${AUTH_PREFIX}/connect/authorize/callback`,
    pkce: 'client',
    deniedError: 'access_denied',
    sendIss: true,
    translate(form, client) {
      const scope = form.get('scope')
      if (scope === null || !client) return form
      return withScope(form, translateScope(scope, apis, client))
    },
  }
}

/** Names that are not the documentation's stay, for the core to judge. */
function translateScope(scope: string, apis: Apis, client: Pick<Client, 'scopes'>): string {
  const maps = personScopesOf(apis, client).filter((name) => apis.ofScope(name)?.id === 'maps')
  const names = scope
    .split(' ')
    .flatMap((name) => (Object.hasOwn(DATA_SCOPES, name) ? DATA_SCOPES[name]!(maps) : [name]))
  return [...new Set(names)].join(' ')
}

/** What was granted, in the documentation's words. */
export function translateBack(scope: string): string {
  const names = scope.split(' ')
  const data = names.filter((name) => !isOpenIdScope(name))
  const readOnly = data.length > 0 && data.every((name) => name === 'read')
  return [
    ...names.filter(isOpenIdScope),
    ...(data.length === 0 ? [] : [readOnly ? 'client-apis' : 'integration']),
  ].join(' ')
}

/** The refresh token grant, asked in the documentation's words; `integration` is all that was granted. */
export function translatedRefresh(grant: Grant, apis: Apis): Grant {
  return {
    ...grant,
    decide(authenticated, form, request) {
      const names = form.get('scope')?.split(' ') ?? []
      const all = names.length === 0 || names.includes('integration') || names.includes('manager')
      const scope = all ? null : translateScope(names.join(' '), apis, authenticated.client)
      return grant.decide(authenticated, withScope(form, scope), request)
    },
  }
}

function withScope(form: Form, scope: string | null): Form {
  const values = new Map<string, string[]>(scope === null ? [] : [['scope', [scope]]])
  for (const [name, value] of form.entries()) {
    if (name !== 'scope') values.set(name, [...(values.get(name) ?? []), value])
  }
  return new Form(values)
}
