import type { Session } from '../accounts/session.ts'
import type { AuthorizationRequest } from '../interactions/interaction.ts'
import type { NewGrant } from './grants.ts'

/** What a person lets a client do by saying yes to a request, signed in as they are. */
export function grantOfRequest(
  request: AuthorizationRequest,
  session: Pick<Session, 'id' | 'account' | 'authenticatedAt' | 'methods'>,
): NewGrant {
  return {
    clientId: request.clientId,
    accountId: session.account.id,
    issuer: request.issuer,
    scopes: request.scopes,
    audience: request.audience,
    details: request.details,
    sessionId: session.id,
    authenticatedAt: session.authenticatedAt,
    methods: session.methods,
    acr: null,
    nonce: request.nonce,
    claims: request.claims,
    dpopJkt: request.dpopJkt,
  }
}
