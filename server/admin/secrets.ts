import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { ClientSecret } from '../access/secrets/client-secret.ts'
import { createdWithinReach } from '../access/secrets/management-rights.ts'
import type { CreateOutcome, RollOutcome, Secrets } from '../access/secrets/secrets.ts'
import type { Clock } from '../lib/clock.ts'
import { badParameter, conflict, notFound, Problem } from '../protocol/problem.ts'
import { actorOf, callerOf } from './caller.ts'
import { type ClientParams, clientParams } from './client-wire.ts'
import { type ManagedClients, noClient } from './managed-clients.ts'
import { adminRoute, notFoundResponse, problemResponse, strict } from './route-options.ts'
import {
  type NewSecretBody,
  newSecret,
  newSecretSchema,
  type RollBody,
  rollBody,
  rolledSecretSchema,
  type SecretDeleteQuery,
  secretDeleteQuery,
  type SecretListQuery,
  secretListQuery,
  type SecretParams,
  secretParams,
  secretSchema,
  toSecretWire,
} from './secret-wire.ts'

const creationRefusals = {
  403: problemResponse(
    'The caller may not manage the secrets; or, with `code` `creator-ended`, its own secret has ended.',
  ),
  ...notFoundResponse,
  409: problemResponse('The client has as many secrets as it may have, or is a public one.'),
}

/**
 * A client's secrets, under `/admin/clients/{clientId}/secrets`. No scope is declared: a client
 * manages its own secrets with an ordinary token, `manage` and `operate` those of others. Tokens for
 * APIs elsewhere too are refused: whoever got one there could manage secrets with it.
 */
export function secretRoutes(
  app: FastifyInstance,
  options: {
    secrets: Secrets
    managed: ManagedClients
    clock: Clock
    adminUrl: string
    defaultOverlapSeconds: number
  },
): void {
  const { secrets, managed, clock, adminUrl, defaultOverlapSeconds } = options
  const urlOf = ({ clientId, id }: ClientSecret) =>
    `${adminUrl}/clients/${encodeURIComponent(clientId)}/secrets/${id}`

  app.get<{ Params: ClientParams; Querystring: SecretListQuery }>(
    '/clients/:clientId/secrets',
    adminRoute('admin.secrets.list', null, {
      summary: 'List a client’s secrets',
      description: 'Oldest first, without their texts; the newest 1,000 at most.',
      params: clientParams,
      querystring: secretListQuery,
      response: { 200: strict({ items: Type.Array(secretSchema) }), ...notFoundResponse },
    }),
    async (request) => {
      const client = await managed.withManageableSecrets(request, request.params.clientId)
      return { items: (await secrets.list(client.id, request.query.all)).map(toSecretWire) }
    },
  )

  app.post<{ Params: ClientParams; Body: NewSecretBody }>(
    '/clients/:clientId/secrets',
    adminRoute('admin.secrets.create', null, {
      summary: 'Create a secret',
      params: clientParams,
      body: newSecret,
      response: { 201: newSecretSchema, ...creationRefusals },
    }),
    async (request, reply) => {
      const { id } = await managed.withManageableSecrets(request, request.params.clientId)
      const { description = '', expiresAt } = request.body
      const outcome = await secrets.create(actorOf(request), id, {
        description,
        expiresAt: parseExpiry(expiresAt),
      })
      const { secret, text } = created(outcome)
      return reply
        .code(201)
        .headers({ location: urlOf(secret), 'cache-control': 'no-store' })
        .send({ ...toSecretWire(secret), secret: text })
    },
  )

  app.post<{ Params: ClientParams; Body: RollBody }>(
    '/clients/:clientId/secrets/roll',
    adminRoute('admin.secrets.roll', null, {
      summary: 'Replace all secrets by a new one',
      description: 'The old ones end after an overlap, all in one transaction.',
      params: clientParams,
      body: rollBody,
      response: {
        201: rolledSecretSchema,
        ...creationRefusals,
      },
    }),
    async (request, reply) => {
      const { id } = await managed.withManageableSecrets(request, request.params.clientId)
      const {
        description = '',
        overlapSeconds = defaultOverlapSeconds,
        revokeTokens = false,
      } = request.body
      const outcome = await secrets.roll(actorOf(request), id, {
        description,
        overlapSeconds,
        revokeTokens,
      })
      const { secret, text, retired } = created(outcome)
      return reply
        .code(201)
        .headers({ location: urlOf(secret), 'cache-control': 'no-store' })
        .send({ ...toSecretWire(secret), secret: text, retired: retired.map(toSecretWire) })
    },
  )

  app.get<{ Params: SecretParams }>(
    '/clients/:clientId/secrets/:secretId',
    adminRoute('admin.secrets.show', null, {
      summary: 'Show a secret',
      description: 'All but its text.',
      params: secretParams,
      response: { 200: secretSchema, ...notFoundResponse },
    }),
    async (request) => {
      const { clientId, secretId } = request.params
      const client = await managed.withManageableSecrets(request, clientId)
      const secret = await secrets.find(client.id, secretId)
      if (!secret) throw noSecret()
      return toSecretWire(secret)
    },
  )

  app.delete<{ Params: SecretParams; Querystring: SecretDeleteQuery }>(
    '/clients/:clientId/secrets/:secretId',
    adminRoute('admin.secrets.delete', null, {
      summary: 'Delete a secret',
      description: 'Its tokens may still list and delete secrets, and create none.',
      params: secretParams,
      querystring: secretDeleteQuery,
      response: {
        200: strict({
          deleted: Type.Array(secretSchema),
          warnings: Type.Array(Type.String(), {
            description: 'Secrets that were used in the last 7 days and that someone else deleted.',
          }),
        }),
        ...notFoundResponse,
        409: problemResponse('It is the last one that the calling client could log in with.'),
      },
    }),
    async (request) => {
      const { clientId, secretId } = request.params
      const { revokeTokens = false, deleteCreated = false } = request.query
      const client = await managed.withManageableSecrets(request, clientId)
      const outcome = await secrets.delete(actorOf(request), client.id, secretId, {
        revokeTokens,
        deleteCreated: deleteCreated && createdWithinReach(callerOf(request), client),
      })
      switch (outcome.kind) {
        case 'deleted':
          return { deleted: outcome.secrets.map(toSecretWire), warnings: outcome.warnings }
        case 'unknown':
          throw noSecret()
        case 'last-usable':
          throw conflict('A client cannot delete its last usable secret: create another one first.')
      }
    },
  )

  function parseExpiry(text: string | undefined): number | null {
    if (text === undefined) return null
    const at = Date.parse(text)
    // A leap second passes the schema and is no time of JavaScript's.
    if (Number.isNaN(at)) throw badParameter('expiresAt', 'is not a time')
    if (at <= clock.now()) throw badParameter('expiresAt', 'must be in the future')
    return at
  }
}

/** @throws Problem 403, 404, 409 for what is not created */
function created<Outcome extends CreateOutcome | RollOutcome>(
  outcome: Outcome,
): Extract<Outcome, { kind: 'created' }> {
  switch (outcome.kind) {
    case 'created':
      return outcome as Extract<Outcome, { kind: 'created' }>
    case 'unknown-client':
      throw noClient()
    case 'public-client':
      throw conflict('A public client cannot keep a secret, so it has none.')
    case 'too-many':
      throw conflict(`A client may have ${outcome.maximum} secrets: delete one first.`)
    case 'creator-ended':
      throw creatorEnded()
  }
}

/** The token was obtained with a secret that has been deleted or has expired meanwhile. */
export const creatorEnded = () =>
  new Problem(
    403,
    'Forbidden',
    'The secret that the access token was obtained with has ended: log in with another one.',
    { members: { code: 'creator-ended' } },
  )

const noSecret = () => notFound('There is no such secret.')
