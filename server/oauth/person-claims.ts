import type { Account } from '../access/accounts/account.ts'

/** The claims of each scope (OpenID Connect Core §5.4), as far as an account has them. */
export const CLAIMS_OF_SCOPE = {
  profile: ['name'],
  email: ['email', 'email_verified'],
} as const

export type PersonClaims = Partial<{ name: string; email: string; email_verified: boolean }>

/**
 * What a client learns of a person: never more than the scopes that the person allowed it.
 * @param wanted names of claims; null: all that the scopes give
 */
export function personClaims(
  account: Pick<Account, 'name' | 'email' | 'emailConfirmed'>,
  scopes: readonly string[],
  wanted: readonly string[] | null,
): PersonClaims {
  const all = {
    ...(scopes.includes('profile') && { name: account.name }),
    ...(scopes.includes('email') && {
      email: account.email,
      email_verified: account.emailConfirmed,
    }),
  }
  if (wanted === null) return all
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)))
}
