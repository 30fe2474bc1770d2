import type { JWK } from 'jose'
import type { Role } from '../accounts/account.ts'

/** A customer's OpenID provider: who signs in there signs in here. */
export interface IdentityProvider {
  /** Its name too, as in `acr_values=idp:<name>`. */
  id: string
  customerId: string
  /** Exactly as its metadata and its ID tokens have it. */
  issuer: string
  /** What it knows this server as. */
  clientId: string
  /** How this server proves there that it is that client. */
  credentialKind: ProviderCredential['kind']
  /** The e-mail domains that it vouches for, and no other; the operator has verified whose they are. */
  domains: readonly string[]
  /** The claim that tells a person's role; null: all are viewers until somebody here says more. */
  roleClaim: string | null
  /** The claim's value to the role here. */
  roles: Readonly<Record<string, Role>>
  /** People with an address of its domains sign in there and in no other way. */
  required: boolean
  createdAt: number
}

/** Stored encrypted. */
export type ProviderCredential =
  | { kind: 'client-secret'; secret: string }
  /** For `private_key_jwt`: a private key with its `alg`. */
  | { kind: 'private-key'; key: JWK }

/** Letters that need no escaping in URLs, in `acr_values` and on a command line. */
export const PROVIDER_ID_PATTERN = '^[a-z0-9][a-z0-9._-]{0,63}$'
