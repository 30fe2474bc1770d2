import { generateKeyPairSync } from 'node:crypto'
import Provider from 'oidc-provider'

/** A real OpenID provider of somebody else (`oidc-provider`), at which whoever comes is signed in. */
export interface OpenIdProvider extends AsyncDisposable {
  issuer: string
  clientId: string
  clientSecret: string
  /** Takes `private_key_jwt` alone. */
  keyClientId: string
  /** The private key of that client: PEM. */
  privateKey: string
  /** Who is signed in next: an id of `people`; null: the person says no. */
  next: string | null
  /** When they signed in, in seconds; null: now. */
  signedInAt: number | null
  /** By `sub`: their claims. */
  people: Map<string, Record<string, unknown>>
}

/** @param redirectUris of both clients */
export async function startOpenIdProvider(
  port: number,
  redirectUris: readonly string[],
): Promise<OpenIdProvider> {
  const issuer = `http://127.0.0.1:${port}`
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const client = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const people: OpenIdProvider['people'] = new Map()
  const running = { next: null as string | null, signedInAt: null as number | null }

  const common = {
    redirect_uris: redirectUris,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
  }
  const provider = new Provider(issuer, {
    clients: [
      { ...common, client_id: 'mapgate', client_secret: 'the-upstream-secret' },
      {
        ...common,
        client_id: 'mapgate-key',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [client.publicKey.export({ format: 'jwk' })] },
      },
    ],
    claims: {
      openid: ['sub', 'groups'],
      email: ['email', 'email_verified'],
      profile: ['name'],
    },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, ...people.get(id) }),
    }),
    jwks: {
      keys: [
        { ...signing.privateKey.export({ format: 'jwk' }), kid: 'es', alg: 'ES256', use: 'sig' },
        { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'rs', alg: 'RS256', use: 'sig' },
      ],
    },
    cookies: { keys: ['cookies-of-a-test'] },
    pkce: { required: () => true },
    // Said, or it warns of each.
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 600,
      IdToken: 600,
      Interaction: 600,
      Session: 600,
    },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    // Everyone who signs in consents.
    loadExistingGrant: async (context: GrantContext) => {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client.clientId,
        accountId: context.oidc.session.accountId,
      })
      grant.addOIDCScope('openid profile email')
      await grant.save()
      return grant
    },
  })
  provider.use(async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next()
    const result =
      running.next === null
        ? { error: 'access_denied', error_description: 'The person said no.' }
        : {
            login: {
              accountId: running.next,
              remember: false,
              ...(running.signedInAt !== null && { ts: running.signedInAt }),
            },
          }
    await provider.interactionFinished(context.req, context.res, result)
    context.respond = false
  })
  const server = provider.listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    issuer,
    clientId: 'mapgate',
    clientSecret: 'the-upstream-secret',
    keyClientId: 'mapgate-key',
    privateKey: client.privateKey.export({ format: 'pem', type: 'pkcs8' }),
    people,
    get next() {
      return running.next
    },
    set next(person) {
      running.next = person
    },
    get signedInAt() {
      return running.signedInAt
    },
    set signedInAt(at) {
      running.signedInAt = at
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface GrantContext {
  oidc: {
    client: { clientId: string }
    session: { accountId: string }
    provider: {
      Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<string> }
    }
  }
}
