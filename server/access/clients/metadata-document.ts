import { OAuthError } from '../../protocol/oauth-error.ts'
import { DEVICE_CODE_GRANT, type GrantType } from './client.ts'
import type { ClientRules } from './client-rules.ts'
import { parseClientMetadata, type RequestedClient } from './registration.ts'

/** A client as its document describes it, cut to what such a client may be. */
export type DocumentClient = RequestedClient

/** What acts for a person: nobody vouches for these clients but the person who consents. */
const GRANTS: readonly GrantType[] = ['authorization_code', 'refresh_token', DEVICE_CODE_GRANT]

/** No secret can be shared with a server that has never been spoken to. */
const SHARED_SECRETS = ['client_secret', 'client_secret_expires_at']

/**
 * Judges the document at a client id URL (draft-ietf-oauth-client-id-metadata-document §4). It is
 * written for all authorization servers, so scopes and grants that are not for us are left out rather
 * than refused.
 * @returns the client, or what is wrong with the document
 */
export function parseMetadataDocument(
  id: string,
  text: string,
  options: { rules: ClientRules; permittedScopes: readonly string[] },
): DocumentClient | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no object'
  const document = value as Record<string, unknown>
  // Simple string comparison (RFC 3986 §6.2.1): else one document could speak for another client.
  if (document.client_id !== id) return 'its client_id is not its URL'
  const secret = SHARED_SECRETS.find((name) => name in document)
  if (secret !== undefined) return `it has a ${secret}`
  const method = document.token_endpoint_auth_method ?? 'none'
  if (method !== 'none' && method !== 'private_key_jwt') {
    return 'its token_endpoint_auth_method is neither none nor private_key_jwt'
  }
  try {
    return toClient(id, { ...document, token_endpoint_auth_method: method }, options)
  } catch (error) {
    if (error instanceof OAuthError) return error.message
    throw error
  }
}

/** @throws OAuthError */
function toClient(
  id: string,
  document: Record<string, unknown>,
  { rules, permittedScopes }: { rules: ClientRules; permittedScopes: readonly string[] },
): DocumentClient {
  const { origin, host } = new URL(id)
  const client = parseClientMetadata(
    {
      ...document,
      grant_types: filtered(document.grant_types, (name) => GRANTS.some((grant) => grant === name)),
      response_types: filtered(document.response_types, (name) => name === 'code'),
      scope:
        typeof document.scope === 'string'
          ? document.scope
              .split(' ')
              .filter((scope) => permittedScopes.includes(scope))
              .join(' ')
          : document.scope,
      redirect_uris: filtered(document.redirect_uris, (uri) => belongsTo(origin, uri)),
      post_logout_redirect_uris: filtered(document.post_logout_redirect_uris, (uri) =>
        belongsTo(origin, uri),
      ),
      // Both are settings of ours, not of such a document.
      require_pkce: true,
      id_token_signed_response_alg: undefined,
    },
    { rules, permittedScopes, defaultAuthMethod: 'none' },
  )
  return {
    ...client,
    // A name is anyone's to claim: the host it comes from is not.
    displayName: `${document.client_name === undefined ? 'Application' : client.displayName.slice(0, 100)} (${host})`,
    website: belongsTo(origin, client.website) ? client.website : `${origin}/`,
  }
}

/**
 * Codes go only where the document's own origin is, or to the person's own machine: any other place
 * would be another party's, that the name on the consent page does not tell of.
 */
function belongsTo(origin: string, uri: unknown): boolean {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return false
  const url = new URL(uri)
  if (url.origin === origin) return true
  return url.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
}

/** What is no array is left for the parser to refuse. */
function filtered(value: unknown, keep: (item: unknown) => boolean): unknown {
  return Array.isArray(value) ? value.filter(keep) : value
}
