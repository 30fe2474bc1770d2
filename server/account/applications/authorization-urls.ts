import { createHash } from 'node:crypto'
import type { Client } from '../../access/clients/client.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'

/** URLs that a person opens to let an application in. */
export interface AuthorizationUrls {
  /** As the Mapillary documentation writes it; null where that dialect is not served. */
  mapillary: string | null
  /** RFC 6749 §4.1.1; null: the application has no callback URL. */
  core: { url: string; codeVerifier: string | null } | null
}

/**
 * @param options.scopes those of the client that a person can grant
 * @param options.random makes a PKCE verifier (RFC 7636 §4.1) where the client needs one: the URL can be tried
 */
export function authorizationUrls(options: {
  client: Pick<Client, 'id' | 'type' | 'redirectUris' | 'requirePkce'>
  scopes: readonly string[]
  publicUrl: string
  mapillary: boolean
  random: RandomBytes
}): AuthorizationUrls {
  const { client, scopes, publicUrl, mapillary, random } = options
  const [redirectUri] = client.redirectUris
  if (redirectUri === undefined) return { mapillary: null, core: null }
  const needsPkce = client.requirePkce || client.type === 'public'
  const codeVerifier = needsPkce ? randomBase62(43, random) : null
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(codeVerifier !== null && {
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    }),
  })
  const connect = new URLSearchParams({ client_id: client.id })
  return {
    mapillary: mapillary ? `${publicUrl}/mapillary/www/connect?${connect.toString()}` : null,
    core: { url: `${publicUrl}/oauth2/authorize?${query.toString()}`, codeVerifier },
  }
}
