import type { FastifyInstance, FastifyRequest } from 'fastify'
import { clientActor } from '../../access/audit/actor.ts'
import type { Clients } from '../../access/clients/clients.ts'
import type { SecretVerification } from '../../access/secrets/secret-verification.ts'
import type { Secrets } from '../../access/secrets/secrets.ts'
import type { Clock } from '../../lib/clock.ts'
import type { AuthenticateClient } from '../../oauth/client-authentication.ts'
import { type Form, parseForm } from '../../protocol/form.ts'
import { invalidRequest, OAuthError } from '../../protocol/oauth-error.ts'
import { conflict, forbidden, notFound } from '../../protocol/problem.ts'
import { createRoute, deleteRoute, listRoute } from './client-secret-schemas.ts'
import { CREATOR_ENDED, createSecretOwners } from './secret-owners.ts'

export interface ClientSecretRoutesOptions {
  clients: Clients
  secrets: Secrets
  secretVerification: SecretVerification
  clock: Clock
  /** Checks `client_id` and `client_secret` of a form; the Authorization header is the token's. */
  authenticateByForm: AuthenticateClient
}

/**
 * `/api/clientcredentials`: a client's secrets listed, created and deleted, with the variables in the
 * query, by a token of the client itself or of an admin. Creating takes the credentials in the body
 * too, as documented: whoever sends them must send right ones, and the token is needed all the same.
 */
export function clientSecretRoutes(app: FastifyInstance, options: ClientSecretRoutesOptions): void {
  const { secrets, authenticateByForm } = options
  const owners = createSecretOwners(options)
  const path = '/api/clientcredentials'

  app.get(path, listRoute, async (request) => {
    const query = parseQuery(request)
    const customerId = query.require('customerId')
    const found = await owners.findAll(request.caller!, customerId, query.get('client_id'))
    const lists = await Promise.all(found.map((client) => secrets.list(client.id)))
    return lists.flat().map(({ id, description, clientId, createdAt }) => ({
      id,
      description,
      client_id: clientId,
      createdAt: new Date(createdAt).toISOString(),
    }))
  })

  app.post(path, createRoute, async (request) => {
    const query = parseQuery(request)
    const customerId = query.require('customerId')
    const description = getDescription(query)
    const clientId = await namedClient(request, query)
    const client = await owners.getOne(request.caller!, customerId, clientId)
    const created = { description, expiresAt: null }
    const outcome = await secrets.create(clientActor(request.caller!, request), client.id, created)
    switch (outcome.kind) {
      case 'created':
        return {
          id: outcome.secret.id,
          description,
          createdAt: toTicks(outcome.secret.createdAt),
          secret: outcome.text,
        }
      case 'public-client':
        throw conflict('The client is a public one: it cannot keep a secret.')
      case 'too-many':
        throw conflict(`The client has ${outcome.maximum} secrets: delete one first.`)
      case 'creator-ended':
        throw forbidden(CREATOR_ENDED)
      case 'unknown-client':
        throw notFound('The customer has no such client.')
    }
  })

  app.delete(path, deleteRoute, async (request, reply) => {
    const query = parseQuery(request)
    const customerId = query.require('customerId')
    const id = query.require('id')
    const owner = await owners.getOwner(request.caller!, customerId, id)
    const outcome = await secrets.delete(clientActor(request.caller!, request), owner.id, id, {
      revokeTokens: false,
      deleteCreated: false,
    })
    if (outcome.kind === 'unknown') throw notFound('The customer has no such secret.')
    if (outcome.kind === 'last-usable') {
      throw conflict('This is the last secret of the client that works: create another first.')
    }
    return reply.code(200).send()
  })

  /** The client that body or query name; credentials in the body are checked. */
  async function namedClient(request: FastifyRequest, query: Form): Promise<string | null> {
    const inQuery = query.get('client_id')
    const { form } = request
    if (!form) return inQuery
    const grantType = form.get('grant_type')
    if (grantType !== null && grantType !== 'client_credentials') {
      throw new OAuthError('unsupported_grant_type', 'The grant_type must be client_credentials.')
    }
    const inBody = form.get('client_id')
    if (inQuery !== null && inBody !== null && inQuery !== inBody) {
      throw invalidRequest('The client_id of the body differs from the one in the query.')
    }
    if (form.get('client_secret') !== null) await authenticateByForm(request, form)
    return inBody ?? inQuery
  }
}

/** Judged like a form: one value each, empty means absent, no NUL. */
function parseQuery(request: FastifyRequest): Form {
  const { url } = request
  const start = url.indexOf('?')
  const query = parseForm(Buffer.from(start < 0 ? '' : url.slice(start + 1)))
  // OAuth 2.1 §2.4.1: URLs end up in logs and histories.
  if (query.get('client_secret') !== null) {
    throw invalidRequest('The parameter client_secret must not be in the URL.')
  }
  return query
}

function getDescription(query: Form): string {
  const description = query.get('description') ?? ''
  if (/^[^\p{Cc}\p{Cs}]{0,200}$/u.test(description)) return description
  throw invalidRequest(
    'The parameter description must have at most 200 characters, none of them control characters.',
  )
}

/** As the original writes the time of a secret just made: `2024-05-27T14:26:36.9981013Z`. */
function toTicks(at: number): string {
  return new Date(at).toISOString().replace('Z', '0000Z')
}
