import type { Client } from '../../access/clients/client.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import { type Html, html } from '../../pages/html.ts'
import { copyable } from '../../pages/parts.ts'
import type { Texts } from '../texts.ts'
import type { AuthorizationUrls } from './authorization-urls.ts'

/** Scopes of the client that a person can grant: none that give power over clients. */
export function grantableScopes(client: Pick<Client, 'scopes'>, apis: Apis): string[] {
  return client.scopes.filter((scope) => {
    const api = apis.ofScope(scope)
    return api !== null && api.id !== 'management'
  })
}

/** The authorization URLs to open and to copy. */
export function urlsPart({ application: t }: Texts, { mapillary, core }: AuthorizationUrls): Html {
  if (!core) return html`<p>${t.urlsNone}</p>`
  return html`<p class="hint">${t.urlsText}</p>
    ${mapillary && copyable({ id: 'authorization-url', label: t.mapillaryUrl, value: mapillary })}
    ${copyable({
      id: mapillary ? 'oauth-authorization-url' : 'authorization-url',
      label: t.coreUrl,
      value: core.url,
    })}
    ${
      core.codeVerifier !== null &&
      html`${copyable({ id: 'code-verifier', label: t.verifier, value: core.codeVerifier })}
        <p class="hint">${t.verifierHint}</p>`
    }`
}
