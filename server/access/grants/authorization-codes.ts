import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import { verifiesChallenge } from '../../protocol/pkce.ts'
import type { Session } from '../accounts/session.ts'
import type { Actor } from '../audit/actor.ts'
import type { AuthorizationRequest } from '../interactions/interaction.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { createTicketHashes } from '../accounts/ticket-hashes.ts'
import type { Grant } from './grant.ts'
import { grantOfRequest } from './grant-of-request.ts'
import type { Grants } from './grants.ts'

/**
 * Authorization codes (RFC 6749 §4.1.2): 256 random bits for 60 s and one use. A code is issued in
 * one transaction with the grant that its tokens will name; used twice, it takes that grant along.
 */
export interface AuthorizationCodes {
  /** With its grant. @returns the code */
  issueIn(
    write: Write,
    actor: Actor,
    issued: { request: AuthorizationRequest; session: Session },
  ): Promise<AuthorizationCode>
  /** One atomic use: of several at once, one gets the grant. What `requireFit` throws undoes the use. */
  redeem(actor: Actor, code: string, redemption: CodeRedemption): Promise<RedeemOutcome>
  /** Forgets codes so old that nobody tries them again, and the grants that came to nothing with them. */
  prune(): Promise<void>
}

export type AuthorizationCode = `mgc_${string}`

export interface CodeRedemption {
  clientId: string
  redirectUri: string | null
  codeVerifier: string | null
  /** Of the token endpoint: a code is worth something only where it was asked for. */
  issuer: string
  /** The thumbprint of the key that was proven (RFC 9449 §10). */
  dpopJkt: string | null
  /** Throws when the request asks for what the grant has not: nothing was issued, so nothing is used. */
  requireFit?: (grant: Grant) => unknown
}

/** `reused`: its grant is revoked. `refused`: the code is as good as before. */
export type RedeemOutcome =
  | { kind: 'redeemed'; grant: Grant }
  | { kind: 'reused' }
  | { kind: 'refused'; reason: CodeFault }

/** For the log. */
export type CodeFault =
  | 'code_unknown'
  | 'code_expired'
  | 'code_of_other_client'
  | 'code_of_other_issuer'
  | 'redirect_uri_differs'
  | 'verifier_missing'
  | 'verifier_unexpected'
  | 'verifier_wrong'
  | 'dpop_key_differs'
  | 'grant_revoked'

type CodeRow = Selectable<Tables['authorization_codes']>

const LIFETIME_MILLISECONDS = 60_000

/** A replay is a sign of theft for as long as the code is known. */
const REMEMBERED_MILLISECONDS = 86_400_000

export function createAuthorizationCodes(options: {
  database: Database
  grants: Grants
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): AuthorizationCodes {
  const { database, grants, clock, random } = options
  const hashes = createTicketHashes(options.masterKey, 'authorization-code')

  /** Why none was there to be used; a replay revokes. */
  async function explain(
    write: Write,
    actor: Actor,
    code: string,
    clientId: string,
  ): Promise<RedeemOutcome> {
    const row = await write.query
      .selectFrom('authorization_codes')
      .selectAll()
      .where('hash', 'in', hashes.all(code))
      .executeTakeFirst()
    if (!row) return refused('code_unknown')
    // Otherwise any client could end what another one has.
    if (row.client_id !== clientId) return refused('code_of_other_client')
    if (row.used_at === null) return refused('code_expired')
    // RFC 6749 §4.1.2: a replayed code revokes what it issued.
    await grants.revokeIn(write, actor, row.grant_id, 'code reused')
    return { kind: 'reused' }
  }

  return {
    async issueIn(write, actor, { request, session }) {
      const grant = await grants.createIn(write, actor, grantOfRequest(request, session))
      const code: AuthorizationCode = `mgc_${randomBase62(43, random)}`
      await write.query
        .insertInto('authorization_codes')
        .values({
          hash: hashes.hash(code),
          grant_id: grant.id,
          client_id: request.clientId,
          redirect_uri: request.redirectUri!,
          redirect_uri_given: request.redirectUriGiven ? 1 : 0,
          code_challenge: request.codeChallenge,
          expires_at: clock.now() + LIFETIME_MILLISECONDS,
          used_at: null,
        })
        .execute()
      return code
    },

    redeem: (actor, code, redemption) =>
      database.write(async (write) => {
        const row = await write.query
          .updateTable('authorization_codes')
          .set({ used_at: clock.now() })
          .where('hash', 'in', hashes.all(code))
          .where('client_id', '=', redemption.clientId)
          .where('used_at', 'is', null)
          .where('expires_at', '>', clock.now())
          .returningAll()
          .executeTakeFirst()
        if (!row) return explain(write, actor, code, redemption.clientId)
        const grant = await grants.findIn(write, row.grant_id)
        const fault = judge(row, grant, redemption)
        if (fault === null) {
          redemption.requireFit?.(grant!)
          return { kind: 'redeemed', grant: grant! }
        }
        // Nothing was issued, so nothing was used.
        await write.query
          .updateTable('authorization_codes')
          .set({ used_at: null })
          .where('hash', '=', row.hash)
          .execute()
        return refused(fault)
      }),

    async prune() {
      const before = clock.now() - REMEMBERED_MILLISECONDS
      await database.write(async (write) => {
        // Nothing was issued under them, and they would stand for as long as refresh tokens live.
        await write.query
          .deleteFrom('grants')
          .where('id', 'in', (query) =>
            query
              .selectFrom('authorization_codes')
              .select('grant_id')
              .where('used_at', 'is', null)
              .where('expires_at', '<', before),
          )
          .execute()
        await write.query
          .deleteFrom('authorization_codes')
          .where('expires_at', '<', before)
          .execute()
      })
    },
  }
}

const refused = (reason: CodeFault): RedeemOutcome => ({ kind: 'refused', reason })

function judge(row: CodeRow, grant: Grant | null, redemption: CodeRedemption): CodeFault | null {
  const { redirectUri, codeVerifier, issuer, dpopJkt } = redemption
  if (!grant || grant.revoked) return 'grant_revoked'
  if (grant.issuer !== issuer) return 'code_of_other_issuer'
  // RFC 6749 §4.1.3: required when the request named it; if given at all, the same.
  const given =
    redirectUri === null ? row.redirect_uri_given === 0 : redirectUri === row.redirect_uri
  if (!given) return 'redirect_uri_differs'
  if (row.code_challenge === null) {
    // RFC 9700 §4.8: whoever sends a verifier sent a challenge too, so someone has taken it away.
    if (codeVerifier !== null) return 'verifier_unexpected'
  } else if (codeVerifier === null) {
    return 'verifier_missing'
  } else if (!verifiesChallenge(codeVerifier, row.code_challenge)) {
    return 'verifier_wrong'
  }
  if (grant.dpopJkt !== null && grant.dpopJkt !== dpopJkt) return 'dpop_key_differs'
  return null
}
