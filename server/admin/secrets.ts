import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { ClientSecret } from '../access/secrets/client-secret.ts'
import type { CreateOutcome, RollOutcome, Secrets } from '../access/secrets/secrets.ts'
import type { Clock } from '../lib/clock.ts'
import { badParameter, conflict, notFound, Problem } from '../protocol/problem.ts'
import { actorOf } from './caller.ts'
import { type ClientParams, clientParams } from './client-wire.ts'
import { type ManagedClients, noClient } from './managed-clients.ts'
import {
  adminRoute,
  dateTime,
  idParameter,
  notFoundResponse,
  nullable,
  problemSchema,
  prose,
  strict,
  toIso,
  toIsoOrNull,
} from './route-options.ts'

const secretMembers = {
  id: Type.String(),
  clientId: Type.String(),
  description: Type.String(),
  createdAt: dateTime(),
  createdBy: strict({
    kind: Type.Enum(['account', 'client', 'command-line']),
    id: nullable(Type.String()),
    secretId: nullable(
      Type.String({ description: 'With which secret the creating client had logged in.' }),
    ),
  }),
  expiresAt: nullable(dateTime()),
  lastUsedAt: nullable(dateTime('A second late at most.')),
  hint: Type.String({ description: 'The beginning and end of its text: `mgs_…a1B2`.' }),
  state: Type.Enum(['active', 'retiring', 'revoked', 'expired']),
  revokedAt: nullable(dateTime()),
}

const secretSchema = strict(secretMembers)
const secretText = { secret: Type.String({ description: 'The text: it is shown this once.' }) }

const newSecret = strict({
  description: Type.Optional(prose(200)),
  expiresAt: Type.Optional(dateTime('By default never.')),
})

const rollBody = strict({
  description: Type.Optional(prose(200)),
  overlapSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2_592_000,
      description: 'How long the old secrets go on working; the default is configured.',
    }),
  ),
  revokeTokens: Type.Optional(
    Type.Boolean({ description: 'End the tokens obtained with the old secrets at once.' }),
  ),
})

const listQuery = strict({
  all: Type.Optional(Type.Boolean({ description: 'Also those that are revoked or expired.' })),
})

const deleteQuery = strict({
  revokeTokens: Type.Optional(Type.Boolean({ description: 'End the tokens obtained with it.' })),
  deleteCreated: Type.Optional(
    Type.Boolean({ description: 'Delete the secrets that were created with it, and so on.' }),
  ),
})

const secretParams = strict({ clientId: idParameter, secretId: idParameter })

const creationRefusals = {
  403: problemSchema(
    'The caller may not manage the secrets; or, with `code` `creator-ended`, its own secret has ended.',
  ),
  ...notFoundResponse,
  409: problemSchema('The client has as many secrets as it may have.'),
}

/**
 * A client's secrets, under `/admin/clients/{clientId}/secrets`. No scope is declared: a client
 * manages its own secrets with an ordinary token, `manage` and `operate` those of others.
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

  app.get<{ Params: ClientParams; Querystring: Static<typeof listQuery> }>(
    '/clients/:clientId/secrets',
    adminRoute('admin.secrets.list', null, {
      summary: 'List a client’s secrets',
      description: 'Oldest first, without their texts.',
      params: clientParams,
      querystring: listQuery,
      response: { 200: strict({ items: Type.Array(secretSchema) }), ...notFoundResponse },
    }),
    async (request) => {
      const client = await managed.withManageableSecrets(request, request.params.clientId)
      return { items: (await secrets.list(client.id, request.query.all)).map(toWire) }
    },
  )

  app.post<{ Params: ClientParams; Body: Static<typeof newSecret> }>(
    '/clients/:clientId/secrets',
    adminRoute('admin.secrets.create', null, {
      summary: 'Create a secret',
      params: clientParams,
      body: newSecret,
      response: { 201: strict({ ...secretMembers, ...secretText }), ...creationRefusals },
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
        .send({ ...toWire(secret), secret: text })
    },
  )

  app.post<{ Params: ClientParams; Body: Static<typeof rollBody> }>(
    '/clients/:clientId/secrets/roll',
    adminRoute('admin.secrets.roll', null, {
      summary: 'Replace all secrets by a new one',
      description: 'The old ones end after an overlap, all in one transaction.',
      params: clientParams,
      body: rollBody,
      response: {
        201: strict({ ...secretMembers, ...secretText, retired: Type.Array(secretSchema) }),
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
        .send({ ...toWire(secret), secret: text, retired: retired.map(toWire) })
    },
  )

  app.get<{ Params: Static<typeof secretParams> }>(
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
      return toWire(secret)
    },
  )

  app.delete<{ Params: Static<typeof secretParams>; Querystring: Static<typeof deleteQuery> }>(
    '/clients/:clientId/secrets/:secretId',
    adminRoute('admin.secrets.delete', null, {
      summary: 'Delete a secret',
      description: 'Its tokens may still list and delete secrets, and create none.',
      params: secretParams,
      querystring: deleteQuery,
      response: {
        200: strict({
          deleted: Type.Array(secretSchema),
          warnings: Type.Array(Type.String(), {
            description: 'Secrets that were used in the last 7 days and that someone else deleted.',
          }),
        }),
        ...notFoundResponse,
        409: problemSchema('It is the last one that the calling client could log in with.'),
      },
    }),
    async (request) => {
      const { clientId, secretId } = request.params
      const { revokeTokens = false, deleteCreated = false } = request.query
      const { id } = await managed.withManageableSecrets(request, clientId)
      const outcome = await secrets.delete(actorOf(request), id, secretId, {
        revokeTokens,
        deleteCreated,
      })
      switch (outcome.kind) {
        case 'deleted':
          return { deleted: outcome.secrets.map(toWire), warnings: outcome.warnings }
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

const toWire = (secret: ClientSecret) => ({
  ...secret,
  createdAt: toIso(secret.createdAt),
  expiresAt: toIsoOrNull(secret.expiresAt),
  lastUsedAt: toIsoOrNull(secret.lastUsedAt),
  revokedAt: toIsoOrNull(secret.revokedAt),
})
