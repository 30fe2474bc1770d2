import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Account } from '../../../access/accounts/account.ts'
import type { Passwords } from '../../../access/accounts/passwords.ts'
import type { SecondFactors } from '../../../access/accounts/second-factors.ts'
import { accountActor } from '../../../access/audit/actor.ts'
import type { Client } from '../../../access/clients/client.ts'
import type { Clients } from '../../../access/clients/clients.ts'
import type { Consents } from '../../../access/consents/consent.ts'
import type { Grants } from '../../../access/grants/grants.ts'
import type { IdentityProviders } from '../../../access/identity-providers/identity-providers.ts'
import type { Apis } from '../../../access/scopes/apis.ts'
import { personScopes, personScopesOf } from '../../../access/scopes/person-scopes.ts'
import type { IssueToken } from '../../../access/tokens/issue.ts'
import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../../lib/clock.ts'
import { OAuthError } from '../../../protocol/oauth-error.ts'
import { GraphError, graphErrors, UNKNOWN_APPLICATION } from '../errors.ts'
import { graphAccess } from './route.ts'

/**
 * `POST /login`: a person's e-mail and password for a token, as Mapillary's own tools ask for them.
 * The core forbids it (RFC 9700 §2.4), because the application sees the password; here only clients
 * may that an operator gave the grant `password`. The same limits hold as on the sign-in page. Who
 * has a second factor, or must sign in at an identity provider, is sent to `/connect`.
 */
export function loginRoute(app: FastifyInstance, options: LoginOptions): void {
  const { clients, passwords, secondFactors, identityProviders } = options
  app.post<{ Body: Static<typeof loginBody> }>(
    '/login',
    {
      config: {
        endpoint: 'mapillary.login',
        access: { ...graphAccess, limit: { quota: 600, windowSeconds: 60 } },
      },
      schema: {
        summary: 'Sign in with a password as Mapillary’s own tools do',
        tags: ['Mapillary'],
        body: loginBody,
        response: {
          200: Type.Object({
            access_token: Type.String({ description: 'Acts for the person.' }),
            user_id: Type.String(),
          }),
          ...graphErrors,
        },
      },
    },
    async (request, reply) => {
      const client = await clients.find(request.caller!.clientId)
      requirePermission(request, client)
      const { email, password } = request.body
      // Before the password, so that it cannot be tried out here; the domain tells it anyway.
      if (await identityProviders.requiredProviderFor(email)) {
        throw elsewhere('People of this organisation sign in at its identity provider.')
      }
      const outcome = await passwords.verify(email, password, request.ip)
      switch (outcome.kind) {
        case 'right':
          await requirePasswordAlone(secondFactors, outcome.account)
          void reply.header('cache-control', 'no-store')
          return signIn(options, request, client!, outcome.account)
        case 'wait':
          throw tooManyAttempts(outcome.seconds)
        case 'wrong':
        case 'locked':
        case 'unconfirmed':
          throw wrongPassword()
      }
    },
  )
}

export interface LoginOptions {
  /** `iss` of the tokens. */
  issuer: string
  userinfo: string
  database: Database
  apis: Apis
  clients: Pick<Clients, 'find'>
  passwords: Pick<Passwords, 'verify'>
  secondFactors: Pick<SecondFactors, 'areNeeded'>
  identityProviders: Pick<IdentityProviders, 'requiredProviderFor'>
  consents: Pick<Consents, 'grant'>
  grants: Pick<Grants, 'createIn'>
  issueToken: IssueToken
  clock: Clock
}

const loginBody = Type.Object({
  // Without NUL, which Postgres takes in no text.
  email: Type.String({ maxLength: 320, pattern: '^[^\\u0000]+$' }),
  password: Type.String({ minLength: 1, maxLength: 1_024 }),
  locale: Type.Optional(Type.String({ description: 'Ignored.' })),
})

function requirePermission(request: FastifyRequest, client: Client | null): void {
  if (!client || request.caller!.kind !== 'client-token') {
    throw new GraphError({
      ...UNKNOWN_APPLICATION,
      userMessage: 'A client token is needed to sign in.',
    })
  }
  // The token comes from no pipeline that would bind it to a key, or hold the client to its profile.
  const mustProveKey = client.dpopBound || client.profile !== null
  if (client.grants.includes('password') && !mustProveKey) return
  throw new GraphError({
    status: 403,
    message: '(#3) Application does not have the capability to make this API call.',
    type: 'OAuthException',
    code: 3,
    userMessage: 'This application may not ask for passwords.',
  })
}

async function requirePasswordAlone(
  secondFactors: LoginOptions['secondFactors'],
  account: Account,
): Promise<void> {
  if (await secondFactors.areNeeded(account)) {
    throw elsewhere('This account has a second factor.')
  }
}

async function signIn(
  options: LoginOptions,
  request: FastifyRequest,
  client: Client,
  account: Account,
) {
  const { apis, database, consents, grants, issueToken, issuer, userinfo, clock } = options
  const { scopes, audience } = personScopes({
    apis,
    granted: personScopesOf(apis, client),
    scope: null,
    resources: [],
    userinfo,
  })
  const actor = accountActor(account.id, request)
  const given = { accountId: account.id, clientId: client.id, scopes, details: [] }
  // Typing the password into the application is the consent; where it is listed, it can be withdrawn.
  await consents.grant(actor, given)
  const grant = await database.write((write) =>
    grants.createIn(write, actor, {
      ...given,
      issuer,
      audience,
      sessionId: null,
      authenticatedAt: clock.now(),
      methods: ['pwd'],
      acr: null,
      nonce: null,
      claims: null,
      dpopJkt: null,
    }),
  )
  const { accessToken } = issueToken({
    client,
    secretId: null,
    scopes,
    audience,
    narrowed: false,
    lifetimeSeconds: client.tokenLifetimeSeconds,
    grant,
    issuer,
  })
  return { access_token: accessToken, user_id: account.id }
}

/** The number by which Mapillary's tools let the person try again; the same for an unknown e-mail. */
function wrongPassword(): GraphError {
  return new GraphError({
    status: 400,
    message: 'Invalid email or password',
    type: 'OAuthException',
    code: 100,
    subcode: 1_348_092,
    userMessage: 'The e-mail address or the password is wrong.',
  })
}

function tooManyAttempts(seconds: number): OAuthError {
  return new OAuthError(
    'too_many_attempts',
    `Too many failures. Try again in ${seconds} seconds.`,
    {
      headers: { 'retry-after': String(seconds) },
    },
  )
}

function elsewhere(why: string): GraphError {
  return new GraphError({
    status: 403,
    message: 'User must sign in on the web',
    type: 'OAuthException',
    code: 406,
    userMessage: `${why} Sign in through the application’s authorization URL instead.`,
  })
}
