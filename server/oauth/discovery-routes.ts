import type { FastifyInstance, FastifyReply } from 'fastify'
import type { SigningKeys } from '../access/keys/signing-keys.ts'
import type { Apis } from '../access/scopes/apis.ts'
import { authorizationServerMetadata, protectedResourceMetadata } from './metadata.ts'
import { anyObject } from './schemas.ts'

/** What clients fetch before they do anything else: metadata and public keys. */
export function discoveryRoutes(
  app: FastifyInstance,
  options: {
    issuer: string
    apis: Apis
    signingKeys: SigningKeys
  } & Parameters<typeof authorizationServerMetadata>[0],
): void {
  const { issuer, apis, signingKeys } = options
  const open = (endpoint: string, summary: string) => ({
    config: { endpoint, access: { public: true as const } },
    schema: { summary, tags: ['Discovery'], response: { 200: anyObject } },
  })
  const metadata = authorizationServerMetadata(options)
  const documents = [
    ['oauth-authorization-server', 'oauth2.metadata', 'RFC 8414'],
    ['openid-configuration', 'oauth2.openid', 'OpenID Connect Discovery'],
  ] as const
  for (const [name, endpoint, source] of documents) {
    app.get(
      `/.well-known/${name}`,
      open(endpoint, `Metadata of the authorization server (${source})`),
      (_request, reply) => cacheable(reply).send(metadata),
    )
  }
  for (const api of apis.all.filter(({ audience }) => audience.startsWith(`${issuer}/`))) {
    // RFC 9728 §3.1: the resource's path follows the well-known name.
    app.get(
      `/.well-known/oauth-protected-resource${api.audience.slice(issuer.length)}`,
      open(`${api.id}.metadata`, `Metadata of the API ${api.id} (RFC 9728)`),
      (_request, reply) => cacheable(reply).send(protectedResourceMetadata(issuer, api)),
    )
  }
  app.get('/jwks', open('oauth2.jwks', 'The keys that sign tokens (RFC 7517)'), (_request, reply) =>
    cacheable(reply).type('application/jwk-set+json').send(JSON.stringify(signingKeys.jwks())),
  )
}

/** Shorter than a key is announced before it signs. */
function cacheable(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'public, max-age=300, stale-while-revalidate=3600')
}
