import { GRANT_TYPES } from '../access/clients/client.ts'
import type { Api, Apis } from '../access/scopes/apis.ts'

/** What clients can find out about the authorization server (RFC 8414 §2). */
export function authorizationServerMetadata(issuer: string, apis: Apis): object {
  const methods = ['client_secret_basic', 'client_secret_post']
  return {
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/jwks`,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    scopes_supported: apis.all.flatMap((api) => api.scopes.map((scope) => scope.name)),
    // RFC 8414 §2 requires the member; there is no authorization endpoint to name types for.
    response_types_supported: [],
    grant_types_supported: GRANT_TYPES,
    token_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
    protected_resources: apis.all.map((api) => api.audience),
    service_documentation: `${issuer}/openapi.json`,
  }
}

/** What clients can find out about an API (RFC 9728 §2). */
export function protectedResourceMetadata(issuer: string, api: Api): object {
  return {
    resource: api.audience,
    authorization_servers: [issuer],
    jwks_uri: `${issuer}/jwks`,
    scopes_supported: api.scopes.map((scope) => scope.name),
    bearer_methods_supported: api.id === 'maps' ? ['header', 'query'] : ['header'],
    resource_name: api.id,
  }
}
