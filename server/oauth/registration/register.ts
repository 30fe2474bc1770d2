import type { FastifyReply, FastifyRequest } from 'fastify'
import { anonymousActor } from '../../access/audit/actor.ts'
import type { Client } from '../../access/clients/client.ts'
import type { ClientRules } from '../../access/clients/client-rules.ts'
import {
  invalidMetadata,
  parseClientMetadata,
  refusalOf,
  type RequestedClient,
  toClientMetadata,
} from '../../access/clients/registration.ts'
import type { Registrations, RegistrationToken } from '../../access/clients/registrations.ts'
import type { InitialAccessTokens } from '../../access/initial-access-tokens/initial-access-tokens.ts'
import type { SigningAlgorithm } from '../../access/keys/algorithms.ts'
import type { SecretVerification } from '../../access/secrets/secret-verification.ts'
import type { LimitCall } from '../../http/route.ts'
import { networkOf } from '../../protocol/network.ts'
import { OAuthError } from '../../protocol/oauth-error.ts'
import { presentedToken } from './presented-token.ts'

/**
 * Dynamic client registration (RFC 7591): `POST /oauth2/register`, by an initial access token, or
 * without one for public clients where the configuration opens it; and what the client may do with
 * its registration afterwards (RFC 7592), by the token that the answer held. All metadata is judged
 * the same at both (`access/clients/registration.ts`): no policy applies to creation alone.
 */
export interface RegistrationEndpoint {
  register(request: FastifyRequest, reply: FastifyReply): Promise<void>
  read(request: FastifyRequest, reply: FastifyReply): Promise<void>
  replace(request: FastifyRequest, reply: FastifyReply): Promise<void>
  remove(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

export interface RegistrationOptions {
  issuer: string
  registrations: Registrations
  initialAccessTokens: InitialAccessTokens
  clients: { delete(actor: ReturnType<typeof anonymousActor>, id: string): Promise<unknown> }
  clientRules: ClientRules
  secretVerification: SecretVerification
  /** By network: nobody is known yet. */
  limitNetwork: LimitCall
  open: boolean
  permittedScopes: readonly string[]
  /** The installation's. */
  signingAlgorithm: SigningAlgorithm
}

export function createRegistrationEndpoint(options: RegistrationOptions): RegistrationEndpoint {
  const { issuer, registrations, initialAccessTokens, clientRules, limitNetwork, open } = options

  /** RFC 7591 §3.2.1; the token and the secret are shown as far as they are known. */
  function answer(client: Client, registrationToken: string, secret: string | null) {
    return {
      ...toClientMetadata(client, options.signingAlgorithm),
      client_id_issued_at: Math.floor(client.createdAt / 1_000),
      ...(secret !== null && { client_secret: secret }),
      ...(client.authMethod === 'client_secret' && { client_secret_expires_at: 0 }),
      registration_access_token: registrationToken,
      registration_client_uri: `${issuer}/oauth2/register/${encodeURIComponent(client.id)}`,
    }
  }

  function send(reply: FastifyReply, status: number, body: object): void {
    void reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify(body))
  }

  const judge = (value: unknown, permittedScopes: readonly string[]): RequestedClient =>
    parseClientMetadata(value, {
      rules: clientRules,
      permittedScopes,
      defaultAuthMethod: 'client_secret_basic',
    })

  /** Who presents an initial access token has to say so, and rightly; who has none needs an open door. */
  async function initialTokenOf(request: FastifyRequest): Promise<string | null> {
    const token = presentedToken(request)
    if (token === null) {
      if (open) return null
      throw unauthorized('An initial access token is needed to register a client.')
    }
    if (await initialAccessTokens.isUsable(token)) return token
    throw unauthorized('The initial access token is not valid.')
  }

  /** RFC 7592 §2: unknown clients and wrong tokens are refused alike. */
  async function registered(request: FastifyRequest, reply: FastifyReply) {
    await limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
    const token = presentedToken(request)
    if (token === null) throw unauthorized('The registration access token is needed.')
    const { clientId } = request.params as { clientId: string }
    const client = await registrations.find(clientId, token)
    if (!client || client.suspended || client.customerSuspended) {
      throw unauthorized('The registration access token is not valid.')
    }
    return { client, token: token as RegistrationToken }
  }

  /** RFC 7592 §2.2: what the client repeats of its registration must be right. */
  async function requireOwnIdentity(client: Client, body: unknown): Promise<void> {
    const members = new Map(Object.entries(body as object))
    if (members.get('client_id') !== client.id) {
      throw invalidMetadata('client_id', 'must be the id of the client')
    }
    const foreign = NOT_IN_AN_UPDATE.find((name) => members.has(name))
    if (foreign !== undefined) throw invalidMetadata(foreign, 'must not be sent')
    const secret = members.get('client_secret')
    if (secret === undefined) return
    const outcome =
      typeof secret === 'string'
        ? await options.secretVerification.verify(client.id, secret)
        : { kind: 'wrong' }
    if (outcome.kind !== 'valid') throw invalidMetadata('client_secret', 'is not one of the client')
  }

  return {
    async register(request, reply) {
      await limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
      const initialToken = await initialTokenOf(request)
      const requested = judge(request.body, options.permittedScopes)
      if (initialToken === null && requested.type !== 'public') {
        throw unauthorized(
          'Without an initial access token only public clients may register (token_endpoint_auth_method none).',
        )
      }
      const outcome = await registrations.register(anonymousActor(request), initialToken, requested)
      switch (outcome.kind) {
        case 'registered':
          send(reply, 201, answer(outcome.client, outcome.registrationToken, outcome.secret))
          return
        case 'token-refused':
          throw unauthorized('The initial access token is not valid.')
        case 'full':
          throw new OAuthError('temporarily_unavailable', 'No more clients can register here.')
      }
    },

    async read(request, reply) {
      const { client, token } = await registered(request, reply)
      send(reply, 200, answer(client, token, null))
    },

    async replace(request, reply) {
      const { client, token } = await registered(request, reply)
      const requested = judge(request.body, client.scopes)
      await requireOwnIdentity(client, request.body)
      const outcome = await registrations.replace(anonymousActor(request), client.id, requested)
      switch (outcome.kind) {
        case 'replaced':
          send(reply, 200, answer(outcome.client, token, null))
          return
        case 'refused':
          throw refusalOf(outcome.fault)
        case 'method-change':
          throw invalidMetadata(
            'token_endpoint_auth_method',
            'cannot change to that: register another client',
          )
        case 'unknown':
          throw unauthorized('The registration access token is not valid.')
      }
    },

    async remove(request, reply) {
      const { client } = await registered(request, reply)
      await options.clients.delete(anonymousActor(request), client.id)
      void reply.code(204).header('cache-control', 'no-store').send()
    },
  }
}

const NOT_IN_AN_UPDATE = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
]

const unauthorized = (description: string): OAuthError =>
  new OAuthError('invalid_token', description, {
    headers: { 'www-authenticate': 'Bearer realm="mapgate", error="invalid_token"' },
  })
