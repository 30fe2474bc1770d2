import { Type } from 'typebox'
import type { ProtectedAccess } from '../../http/route.ts'
import { mapsIndoorsError } from './errors.ts'

/** What the routes of `/api/clientcredentials` declare; parameters are judged in the handlers. */

const access: ProtectedAccess = { scope: null, limit: { quota: 600, windowSeconds: 60 } }

const tags = ['MapsIndoors']

const customerId = Type.String({ description: 'The customer that the client belongs to.' })
const clientId = Type.Optional(
  Type.String({ description: 'The client; needed when an admin could mean several.' }),
)
const described = {
  id: Type.String(),
  description: Type.String(),
}

const errors = {
  400: mapsIndoorsError,
  401: mapsIndoorsError,
  403: mapsIndoorsError,
  404: mapsIndoorsError,
  429: mapsIndoorsError,
}

export const listRoute = {
  config: { endpoint: 'mapsindoors.secrets.list', access },
  schema: {
    summary: 'List the client secrets that work',
    tags,
    querystring: Type.Object({ customerId, client_id: clientId }),
    response: {
      200: Type.Array(
        Type.Object({
          ...described,
          client_id: Type.String(),
          createdAt: Type.String({ format: 'date-time' }),
        }),
      ),
      ...errors,
    },
  },
}

export const createRoute = {
  config: { endpoint: 'mapsindoors.secrets.create', access },
  schema: {
    summary: 'Create a client secret',
    description: 'The credentials in the body are optional; the token is needed in any case.',
    tags,
    consumes: ['application/x-www-form-urlencoded'],
    querystring: Type.Object({
      customerId,
      description: Type.Optional(Type.String({ maxLength: 200 })),
      client_id: clientId,
    }),
    body: Type.Object({
      grant_type: Type.Optional(Type.String({ description: '`client_credentials`' })),
      client_id: clientId,
      client_secret: Type.Optional(Type.String()),
    }),
    response: {
      200: Type.Object({
        ...described,
        createdAt: Type.String({ format: 'date-time', description: 'With seven decimals.' }),
        secret: Type.String({ description: 'Shown this once.' }),
      }),
      ...errors,
      409: mapsIndoorsError,
    },
  },
}

export const deleteRoute = {
  config: { endpoint: 'mapsindoors.secrets.delete', access },
  schema: {
    summary: 'Delete a client secret',
    tags,
    querystring: Type.Object({
      customerId,
      id: Type.String({ description: 'The secret.' }),
    }),
    response: {
      200: Type.Null({ description: 'It is deleted.' }),
      ...errors,
      409: mapsIndoorsError,
    },
  },
}
