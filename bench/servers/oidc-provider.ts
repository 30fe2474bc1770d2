import { generateKeyPairSync } from 'node:crypto'
import Provider from 'oidc-provider'

/**
 * `oidc-provider` with its in-memory adapter, one client, and JWT access tokens signed with ES256:
 * the resource indicator is what makes it issue JWTs.
 */
const { PORT, CLIENT_ID, CLIENT_SECRET } = process.env
const issuer = `http://127.0.0.1:${PORT}`
const audience = `${issuer}/maps`
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'ES256',
      scope: 'read',
    },
  ],
  scopes: ['read'],
  jwks: {
    keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }],
  },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope: 'read',
        audience,
        accessTokenTTL: 3_600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})
provider.listen(Number(PORT), '127.0.0.1')
