import type { FastifyRequest } from 'fastify'
import type { Client } from '../access/clients/client.ts'
import type { Clients } from '../access/clients/clients.ts'
import {
  findUngrantable,
  mayManageClient,
  mayManageSecrets,
  maySee,
} from '../access/secrets/management-rights.ts'
import type { Apis } from '../access/scopes/apis.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import { BearerError } from '../protocol/bearer.ts'
import { badParameter, forbidden, notFound } from '../protocol/problem.ts'
import { callerOf } from './caller.ts'

/**
 * How the routes find a client and refuse what its caller may not do; the rules themselves are
 * `management-rights.ts` in `access/secrets`. What the caller may not see is a 404, like what there
 * is not.
 */
export interface ManagedClients {
  /** @throws BearerError when the token has neither `manage` nor `operate` */
  requireManager(request: FastifyRequest): Caller
  /** @throws Problem 404 */
  visible(request: FastifyRequest, clientId: string): Promise<Client>
  /** For changing the client itself. @throws Problem 403, 404, BearerError */
  manageable(request: FastifyRequest, clientId: string): Promise<Client>
  /** For its secrets. @throws Problem 403, 404 */
  withManageableSecrets(request: FastifyRequest, clientId: string): Promise<Client>
  /** @throws Problem 400 for a scope that no API declares, 403 for one that the caller may not give */
  requireGrantable(request: FastifyRequest, scopes: readonly string[]): Promise<void>
}

export function createManagedClients(options: {
  clients: Clients
  apis: Apis
  issuer: string
}): ManagedClients {
  const { clients, apis, issuer } = options

  function requireManager(request: FastifyRequest): Caller {
    const caller = callerOf(request)
    if (caller.scopes.includes('manage') || isOperator(caller)) return caller
    throw new BearerError('insufficient_scope', 'The access token lacks the scope.', {
      resourceMetadata: `${issuer}/.well-known/oauth-protected-resource/admin`,
      scope: 'manage',
    })
  }

  async function visible(request: FastifyRequest, clientId: string): Promise<Client> {
    const client = await clients.find(clientId)
    if (!client || !maySee(callerOf(request), client)) throw noClient()
    return client
  }

  return {
    requireManager,
    visible,

    async manageable(request, clientId) {
      const caller = requireManager(request)
      const client = await visible(request, clientId)
      if (mayManageClient(caller, client)) return client
      throw forbidden('The client has management scopes that the access token lacks.')
    },

    async withManageableSecrets(request, clientId) {
      const caller = callerOf(request)
      const client = await visible(request, clientId)
      if (mayManageSecrets(caller, client)) return client
      throw forbidden(
        caller.clientId === client.id
          ? 'The access token is narrowed: a client manages its secrets with a token for all its scopes, or for the management API alone (`resource`).'
          : 'The client has management scopes that the access token lacks.',
      )
    },

    async requireGrantable(request, scopes) {
      const undeclared = scopes.find((scope) => !apis.ofScope(scope))
      if (undeclared !== undefined) {
        throw badParameter('scopes', `no API declares the scope ${undeclared}`)
      }
      const caller = callerOf(request)
      const own = (await clients.find(caller.clientId)) ?? { scopes: [] }
      const beyond = findUngrantable(caller, own, scopes)
      if (beyond !== null) throw forbidden(`The scope ${beyond} is not the caller’s to give.`)
    },
  }
}

export const isOperator = (caller: Caller): boolean => caller.scopes.includes('operate')

export const noClient = () => notFound('There is no such client.')
