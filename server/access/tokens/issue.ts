import type { Clock } from '../../lib/clock.ts'
import { pooledRandom, type RandomBytes, uuidv7 } from '../../lib/random.ts'
import type { Client } from '../clients/client.ts'
import { sign } from '../keys/algorithms.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { AccessTokenClaims } from './access-token.ts'

export interface IssuedToken {
  accessToken: string
  claims: AccessTokenClaims
}

/** What a grant decided about the token. */
export interface TokenGrant {
  client: Client
  secretId: string | null
  scopes: readonly string[]
  audience: readonly string[]
  narrowed: boolean
  lifetimeSeconds: number
}

export type IssueToken = (grant: TokenGrant) => IssuedToken

/** Makes access tokens: JWTs by RFC 9068, signed with the key of the client's algorithm. */
export function createIssueToken(options: {
  issuer: string
  signingKeys: SigningKeys
  clock: Clock
  random: RandomBytes
}): IssueToken {
  const { issuer, signingKeys, clock } = options
  const random = pooledRandom(options.random)
  const headers = new Map<string, string>()

  return ({ client, secretId, scopes, audience, narrowed, lifetimeSeconds }) => {
    const key = signingKeys.signer(client.signingAlgorithm ?? undefined)
    let header = headers.get(key.kid)
    if (header === undefined) {
      // RFC 9068 §2.1: the type tells an access token from an ID token.
      header = encode({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid })
      if (headers.size > 100) headers.clear()
      headers.set(key.kid, header)
    }
    const now = clock.now()
    const iat = Math.floor(now / 1_000)
    const claims: AccessTokenClaims = {
      iss: issuer,
      sub: client.id,
      aud: audience.length === 1 ? audience[0]! : [...audience],
      exp: iat + lifetimeSeconds,
      iat,
      nbf: iat,
      jti: uuidv7(now, random),
      client_id: client.id,
      scope: scopes.join(' '),
      customer: client.customerId,
      ...(secretId !== null && { secret_id: secretId }),
      ...(narrowed && { narrowed }),
    }
    const input = `${header}.${encode(claims)}`
    return { accessToken: `${input}.${sign(key.algorithm, key.privateKey, input)}`, claims }
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
