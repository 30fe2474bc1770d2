import { GRANT_TYPES } from '../access/clients/client.ts'
import type { SigningAlgorithm } from '../access/keys/algorithms.ts'
import type { Api, Apis } from '../access/scopes/apis.ts'
import { OPENID_SCOPES } from '../access/scopes/person-scopes.ts'
import { DPOP_ALGORITHMS } from '../protocol/dpop.ts'
import { ASSERTION_ALGORITHMS } from './client-assertion.ts'
import { CLAIMS_OF_SCOPE } from './person-claims.ts'

/**
 * What clients can find out about the authorization server: RFC 8414 and OpenID Connect Discovery in
 * one document, served under both names. A dialect with an issuer of its own makes its own of it.
 */
export interface MetadataOptions {
  issuer: string
  /** Absolute URLs; what an issuer does not have is left out. */
  endpoints: Endpoints
  scopes: readonly string[]
  grants: readonly string[]
  tokenAuthMethods: readonly string[]
  /** The first is the installation's. */
  idTokenAlgorithms: readonly SigningAlgorithm[]
  responseModes: readonly string[]
  /** RFC 9207: whether authorization answers name the issuer. */
  sendIss: boolean
}

export interface Endpoints {
  token: string
  jwks: string
  authorize?: string
  par?: string
  deviceAuthorization?: string
  userinfo?: string
  endSession?: string
  introspect?: string
  revoke?: string
  /** Only where clients can register themselves. */
  register?: string
}

/** The members that each issuer has (RFC 8414 §2, OpenID Connect Discovery §3). */
export function openidMetadata(options: MetadataOptions): Record<string, unknown> {
  const { issuer, endpoints, tokenAuthMethods } = options
  const signs = tokenAuthMethods.includes('private_key_jwt')
  const authorizes = endpoints.authorize !== undefined
  /** RFC 8414 §2: the methods of each endpoint, with the algorithms that one of them needs. */
  const authentication = (
    name: 'token' | 'introspection' | 'revocation',
    methods: readonly string[],
  ) => ({
    [`${name}_endpoint_auth_methods_supported`]: methods,
    ...(signs && { [`${name}_endpoint_auth_signing_alg_values_supported`]: ASSERTION_ALGORITHMS }),
  })
  return withoutAbsent({
    issuer,
    authorization_endpoint: endpoints.authorize,
    token_endpoint: endpoints.token,
    jwks_uri: endpoints.jwks,
    userinfo_endpoint: endpoints.userinfo,
    end_session_endpoint: endpoints.endSession,
    registration_endpoint: endpoints.register,
    introspection_endpoint: endpoints.introspect,
    revocation_endpoint: endpoints.revoke,
    pushed_authorization_request_endpoint: endpoints.par,
    device_authorization_endpoint: endpoints.deviceAuthorization,
    scopes_supported: options.scopes,
    // RFC 8414 §2 requires the member.
    response_types_supported: authorizes ? ['code'] : [],
    grant_types_supported: options.grants,
    ...authentication('token', tokenAuthMethods),
    // RFC 7662 §2.1: public clients learn of no token.
    ...(endpoints.introspect &&
      authentication(
        'introspection',
        tokenAuthMethods.filter((method) => method !== 'none'),
      )),
    ...(endpoints.revoke && authentication('revocation', tokenAuthMethods)),
    ...(authorizes && {
      response_modes_supported: options.responseModes,
      // RFC 7636: `plain` is not taken.
      code_challenge_methods_supported: ['S256'],
      ...(options.sendIss && { authorization_response_iss_parameter_supported: true }),
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      ui_locales_supported: ['en'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: options.idTokenAlgorithms,
      claim_types_supported: ['normal'],
      claims_supported: CLAIMS,
      claims_parameter_supported: true,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
    }),
  })
}

/** The core's own document. */
export function authorizationServerMetadata(options: {
  issuer: string
  apis: Apis
  signingAlgorithm: SigningAlgorithm
  /** Whether a client id may be the URL of a metadata document. */
  clientIdMetadata: boolean
}): object {
  const { issuer, apis, signingAlgorithm } = options
  const at = (name: string) => `${issuer}/oauth2/${name}`
  return {
    ...openidMetadata({
      issuer,
      endpoints: {
        token: at('token'),
        jwks: `${issuer}/jwks`,
        authorize: at('authorize'),
        par: at('par'),
        deviceAuthorization: at('device'),
        userinfo: at('userinfo'),
        endSession: at('end_session'),
        introspect: at('introspect'),
        revoke: at('revoke'),
        // By an initial access token at least.
        register: at('register'),
      },
      scopes: [
        ...OPENID_SCOPES,
        ...apis.all.flatMap((api) => api.scopes.map((scope) => scope.name)),
      ],
      grants: GRANT_TYPES,
      tokenAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      idTokenAlgorithms: [...new Set([signingAlgorithm, 'RS256' as const])],
      responseModes: ['query', 'fragment', 'form_post'],
      sendIss: true,
    }),
    // RFC 9126 §5
    require_pushed_authorization_requests: false,
    // RFC 9396 §10
    authorization_details_types_supported: ['map_data'],
    // RFC 9449 §5.1
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    client_id_metadata_document_supported: options.clientIdMetadata,
    // RFC 9728 §4
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
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    resource_name: api.id,
  }
}

const CLAIMS = [
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid'],
  ...Object.values(CLAIMS_OF_SCOPE).flat(),
]

function withoutAbsent(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
