import type { Client } from '../../access/clients/client.ts'
import type { AuthorizationRequest } from '../../access/interactions/interaction.ts'
import type { Form } from '../../protocol/form.ts'
import { invalidRequest } from '../../protocol/oauth-error.ts'
import { matchesRedirectUri } from '../../protocol/redirect-uri.ts'

/**
 * Where the answer goes, proven: only who holds one can send a browser away from here. Everything
 * that goes wrong before is shown to the person instead (RFC 6749 §4.1.2.1).
 */
export interface Target extends Destination {
  client: Client
  /** Whether the request named the redirect URI, or the client has only one. */
  redirectUriGiven: boolean
}

/** What is needed to answer, now or after the pages. */
export interface Destination {
  redirectUri: string
  responseMode: AuthorizationRequest['responseMode']
  state: string | null
}

const RESPONSE_MODES = ['query', 'fragment', 'form_post'] as const

export function isResponseMode(text: string): text is AuthorizationRequest['responseMode'] {
  return (RESPONSE_MODES as readonly string[]).includes(text)
}

/** @throws OAuthError that must not be sent to the redirect URI */
export function proveTarget(form: Form, client: Client | null): Target {
  if (!client || client.suspended || client.customerSuspended) {
    throw invalidRequest('The client is not known here, or is suspended.')
  }
  const given = form.get('redirect_uri')
  const mode = form.get('response_mode') ?? 'query'
  return {
    client,
    redirectUri: given === null ? soleRedirectUri(client) : registeredRedirectUri(client, given),
    redirectUriGiven: given !== null,
    // Another one is refused later; until then this is how the client hears of it.
    responseMode: isResponseMode(mode) ? mode : 'query',
    state: form.get('state'),
  }
}

/** Whether an answer may go there. */
export function isRegistered({ redirectUris }: Client, redirectUri: string): boolean {
  return redirectUris.some((registered) => matchesRedirectUri(registered, redirectUri))
}

function registeredRedirectUri(client: Client, given: string): string {
  if (isRegistered(client, given)) return given
  throw invalidRequest('The redirect_uri is not one that is registered for the client.')
}

/** RFC 6749 §3.1.2.3 */
function soleRedirectUri({ redirectUris }: Client): string {
  const [sole, ...others] = redirectUris
  if (sole !== undefined && others.length === 0) return sole
  throw invalidRequest('The parameter redirect_uri is missing.')
}
