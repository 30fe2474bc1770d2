import { hash } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import type { ChangeFeed } from '../../database/change-feed.ts'
import { atHand } from '../../lib/at-hand.ts'
import { boundedCache } from '../../lib/bounded-cache.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Accounts, AccountState } from '../accounts/accounts.ts'
import {
  type ClientTokens,
  isClientTokenText,
  type VerifiedClientToken,
} from '../client-tokens/client-tokens.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import type { Grant as PersonGrant } from '../grants/grant.ts'
import type { Grants } from '../grants/grants.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { Apis } from '../scopes/apis.ts'
import type { KnownSecret, SecretVerification } from '../secrets/secret-verification.ts'
import type { AccessTokenClaims, Caller } from './access-token.ts'
import type { TokenRevocation } from './revocation.ts'

/**
 * Verifies access tokens, and the long-lived tokens of clients. What is kept, by the token's hash, is
 * only that its signature was right; expiry, revocation, and the state of the secret, client, grant
 * and account are judged on every call. Whether the audience and the scope fit, the key was proven
 * and the place is right is the caller's question (`gateway/`, introspection).
 */
export interface VerifyToken {
  /**
   * Synchronous when all that is needed is at hand, as it is for a token that was seen before.
   * @throws DatabaseUnavailableError when it cannot be known whether the token was revoked
   */
  (token: string): TokenOutcome | Promise<TokenOutcome>
  /** As far as nothing has to be waited for; null: something has. */
  atHand(token: string): TokenOutcome | null
  /**
   * What a JWT of ours says, whatever became of it and of its owner since; null: we never signed it, or
   * not with a key that is still known.
   */
  claimsOf(token: string): Promise<AccessTokenClaims | null>
  /**
   * Whether what a token hangs on still is as it was: for work that goes on behind the call it was let
   * in with, and may outlast the token. Needs a fresh feed.
   */
  stands(caller: Caller): boolean | Promise<boolean>
}

export type TokenOutcome =
  | { kind: 'valid'; caller: Caller }
  | { kind: 'invalid'; reason: TokenFault }

export type TokenFault =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_type'
  | 'wrong_issuer'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'secret_tokens_revoked'
  | 'client_suspended'
  | 'client_unknown'
  | 'grant_ended'
  | 'account_ended'
  | 'client_token_unknown'

/** Longer ones are not ours; refused before any work is done for them. */
const MAXIMUM_TOKEN_LENGTH = 8_192

/** RFC 7515 §7.1; `jose` reads a signature with white space or padding in it too. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** By how much the clocks of nodes may differ. */
const CLOCK_DIFFERENCE_MILLISECONDS = 10_000

export function createVerifyToken(options: {
  /** The installation's, and those of dialects that are issuers of their own. */
  issuers: readonly string[]
  grants: Pick<Grants, 'known'>
  accounts: Pick<Accounts, 'known'>
  clientTokens: Pick<ClientTokens, 'verify'>
  apis: Apis
  signingKeys: SigningKeys
  clients: Clients
  secretVerification: SecretVerification
  tokenRevocation: TokenRevocation
  feed: ChangeFeed
  clock: Clock
  maximumCached: number
}): VerifyToken {
  const { signingKeys, clients, secretVerification, tokenRevocation, feed, clock } = options
  const { grants, accounts, clientTokens, apis } = options
  const issuers = new Set(options.issuers)
  const checked = boundedCache<CheckedToken>(options.maximumCached)

  async function check(token: string): Promise<CheckedToken | TokenFault> {
    if (!COMPACT.test(token)) return 'malformed'
    try {
      const { payload, protectedHeader } = await compactVerify(
        token,
        (header) => {
          const key = signingKeys.find(header.kid ?? '')
          // The key decides the algorithm, never the token (RFC 8725 §3.1).
          if (!key || header.alg !== key.algorithm) throw new errors.JWKSNoMatchingKey()
          return key.publicKey
        },
        { algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'] },
      )
      if (protectedHeader.typ !== 'at+jwt') return 'wrong_type'
      const claims = JSON.parse(Buffer.from(payload).toString()) as AccessTokenClaims
      if (!issuers.has(claims.iss)) return 'wrong_issuer'
      const caller = toCaller(claims)
      return { kid: protectedHeader.kid!, caller, valid: { kind: 'valid', caller } }
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown_key'
      if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature'
      if (error instanceof errors.JOSEError) return 'malformed'
      throw error
    }
  }

  function verifyToken(token: string): TokenOutcome | Promise<TokenOutcome> {
    if (token.length > MAXIMUM_TOKEN_LENGTH) return { kind: 'invalid', reason: 'malformed' }
    if (isClientTokenText(token)) {
      const stale = feed.ensureFresh()
      return stale ? stale.then(() => judgeClientToken(token)) : judgeClientToken(token)
    }
    const key = hash('sha256', token, 'base64url')
    const known = checked.get(key)
    if (known === undefined) return firstSeen(key, token)
    const stale = feed.ensureFresh()
    return stale ? stale.then(() => judge(known)) : judge(known)
  }

  function tokenAtHand(token: string): TokenOutcome | null {
    if (token.length > MAXIMUM_TOKEN_LENGTH || !feed.isFresh()) return null
    if (isClientTokenText(token)) return atHand(judgeClientToken(token))
    const known = checked.get(hash('sha256', token, 'base64url'))
    return known === undefined ? null : atHand(judge(known))
  }

  function stands(caller: Caller): boolean | Promise<boolean> {
    const valid: TokenOutcome = { kind: 'valid', caller }
    const outcome =
      caller.kind === 'client-token' ? standsClient(caller, valid) : judge({ caller, valid })
    return outcome instanceof Promise
      ? outcome.then(({ kind }) => kind === 'valid')
      : outcome.kind === 'valid'
  }

  async function claimsOf(token: string): Promise<AccessTokenClaims | null> {
    if (token.length > MAXIMUM_TOKEN_LENGTH) return null
    const outcome = await check(token)
    return typeof outcome === 'string' ? null : outcome.caller.claims
  }

  return Object.assign(verifyToken, { atHand: tokenAtHand, stands, claimsOf })

  /** Its version is not told by what is left of it; it reads what is public, or open. */
  function standsClient(
    { clientId }: Caller,
    valid: TokenOutcome,
  ): TokenOutcome | Promise<TokenOutcome> {
    const conclusion = (client: Client | null) =>
      !client || client.suspended || client.customerSuspended ? invalid('client_suspended') : valid
    const client = clients.known(clientId)
    return client instanceof Promise ? client.then(conclusion) : conclusion(client)
  }

  /** Nothing of it is kept: its client says all, and comes from a cache. */
  function judgeClientToken(token: string): TokenOutcome | Promise<TokenOutcome> {
    const conclusion = (found: VerifiedClientToken | null): TokenOutcome =>
      found ? { kind: 'valid', caller: clientTokenCaller(found) } : invalid('client_token_unknown')
    const found = clientTokens.verify(token)
    return found instanceof Promise ? found.then(conclusion) : conclusion(found)
  }

  function clientTokenCaller({ client, scopes }: VerifiedClientToken): Caller {
    const audience = new Set(scopes.map((scope) => apis.ofScope(scope)!.audience))
    return {
      kind: 'client-token',
      clientId: client.id,
      customerId: client.customerId,
      secretId: null,
      accountId: null,
      grantId: null,
      scopes,
      narrowed: true,
      jkt: null,
      claims: {
        iss: options.issuers[0]!,
        sub: client.id,
        aud: [...audience],
        // It ends when its owner says so.
        exp: Number.MAX_SAFE_INTEGER,
        iat: Math.floor(client.createdAt / 1_000),
        nbf: Math.floor(client.createdAt / 1_000),
        jti: '',
        client_id: client.id,
        scope: scopes.join(' '),
        customer: client.customerId,
      },
    }
  }

  async function firstSeen(key: string, token: string): Promise<TokenOutcome> {
    const outcome = await check(token)
    if (typeof outcome === 'string') return { kind: 'invalid', reason: outcome }
    checked.set(key, outcome)
    await feed.ensureFresh()
    return judge(outcome)
  }

  /** What can change between two calls with one token; the caches answer at once when they can. */
  function judge(token: Judged): TokenOutcome | Promise<TokenOutcome> {
    const { clientId, secretId, claims } = token.caller
    const revoked = tokenRevocation.isRevoked(claims)
    const client = clients.known(clientId)
    const secret = secretId === null ? null : secretVerification.find(secretId)
    if (revoked instanceof Promise || client instanceof Promise || secret instanceof Promise) {
      return Promise.all([revoked, client, secret]).then((found) => conclude(token, ...found))
    }
    return conclude(token, revoked, client, secret)
  }

  /** What a person's token hangs on besides. */
  function judgePerson(
    grantId: string | null,
    accountId: string | null,
    valid: TokenOutcome,
  ): TokenOutcome | Promise<TokenOutcome> {
    // A person's token always has a grant: one without it is none of ours.
    const grant = grantId === null ? null : grants.known(grantId)
    const account = accountId === null ? null : accounts.known(accountId)
    const conclusion = (standing: PersonGrant | null, state: AccountState | null) => {
      if (!standing || standing.revoked || standing.accountId !== accountId) {
        return invalid('grant_ended')
      }
      return !state || state.suspended ? invalid('account_ended') : valid
    }
    if (grant instanceof Promise || account instanceof Promise) {
      return Promise.all([grant, account]).then((found) => conclusion(...found))
    }
    return conclusion(grant, account)
  }

  function conclude(
    { kid, caller, valid }: Judged,
    revoked: boolean,
    client: Client | null,
    secret: KnownSecret | null,
  ): TokenOutcome | Promise<TokenOutcome> {
    const { exp, iat, nbf } = caller.claims
    const now = clock.now()
    if (kid !== undefined) {
      if (exp * 1_000 <= now) return invalid('expired')
      if (nbf * 1_000 > now + CLOCK_DIFFERENCE_MILLISECONDS) return invalid('not_yet_valid')
      if (!signingKeys.find(kid)) return invalid('unknown_key')
    }
    if (revoked) return invalid('revoked')
    if (!client) return invalid('client_unknown')
    if (client.suspended || client.customerSuspended) return invalid('client_suspended')
    // Gone with its client, or so long ago that no token of it can be left.
    if (caller.secretId !== null && (!secret || secret.tokensRevoked)) {
      return invalid('secret_tokens_revoked')
    }
    const { secretId, grantId, accountId } = caller
    if (grantId !== null || accountId !== null) return judgePerson(grantId, accountId, valid)
    // A client logged in with its key. One of the same id may have taken its place since: only
    // secrets and grants are deleted with a client.
    const issuedBefore = iat * 1_000 < client.createdAt - CLOCK_DIFFERENCE_MILLISECONDS
    return secretId === null && issuedBefore ? invalid('client_unknown') : valid
  }
}

interface CheckedToken {
  kid: string
  caller: Caller
  /** The outcome of a call with it, made once. */
  valid: TokenOutcome
}

/** Without the key's id it is not a token that is judged, but what became of one that was let in. */
type Judged = Pick<CheckedToken, 'caller' | 'valid'> & { kid?: string }

const invalid = (reason: TokenFault): TokenOutcome => ({ kind: 'invalid', reason })

function toCaller(claims: AccessTokenClaims): Caller {
  const accountId = accountOf(claims.sub)
  return {
    kind: accountId === null ? 'client' : 'account',
    clientId: claims.client_id,
    customerId: claims.customer,
    secretId: claims.secret_id ?? null,
    accountId,
    grantId: claims.grant_id ?? null,
    jkt: claims.cnf?.jkt ?? null,
    scopes: claims.scope === '' ? [] : claims.scope.split(' '),
    narrowed: claims.narrowed === true,
    claims,
  }
}

/** The account that a person's `sub` names (`subjectOf`). */
function accountOf(subject: string): string | null {
  return subject.startsWith('account:') ? subject.slice('account:'.length) : null
}
