import type { Client } from '../../access/clients/client.ts'
import type { Form } from '../../protocol/form.ts'

/**
 * Whose rules the authorization endpoint follows. The core has one (`coreProfile`); a dialect brings
 * its own to `createAuthorizationEndpoint` and serves what comes of it under its own paths.
 */
export interface AuthorizationProfile {
  /** Stored with the request. */
  name: string
  /** `iss` of the answer and of the tokens; a code is redeemed where its issuer is. */
  issuer: string
  /** The path of the continuation, where pages send the browser back to. */
  resumePath: string
  /** Whether a confidential client needs PKCE: as its setting says, or never. */
  pkce: 'client' | 'optional'
  /** What the client hears of a person who says no: RFC 6749 §4.1.2.1 `access_denied`, or a dialect's word. */
  deniedError: string
  /** For dialects whose clients leave it out. */
  defaultResponseType?: 'code'
  /** Renames and completes parameters before they are judged. @param client null: it is not known here */
  translate?(parameters: Form, client: Client | null): Form
  /** Whether answers name the issuer (RFC 9207 §2). */
  sendIss: boolean
}

export function coreProfile(issuer: string): AuthorizationProfile {
  return {
    name: 'core',
    issuer,
    resumePath: '/oauth2/authorize/resume',
    pkce: 'client',
    deniedError: 'access_denied',
    sendIss: true,
  }
}
