import type { Database } from '../../database/database.ts'
import type { Account } from '../accounts/account.ts'
import { lockAccount } from '../accounts/account-rows.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { Memberships } from '../accounts/memberships.ts'
import { parseEmail } from '../accounts/email.ts'
import type { Actor } from '../audit/actor.ts'
import { domainOf } from './email-domain.ts'
import type { FederatedIdentities } from './federated-identities.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { mappedRole } from './role-mapping.ts'

/**
 * Whose account it is that signed in at a provider: the one known there by that subject; else the one
 * with that e-mail address, because the provider vouches for all addresses of its domains; else a new
 * one. With it comes membership of the provider's customer, as a viewer or as the provider's claim says.
 */
export interface Admit {
  (
    actor: Actor,
    provider: IdentityProvider,
    claims: Readonly<Record<string, unknown>> & { sub: string },
  ): Promise<AdmitOutcome>
}

export type AdmitOutcome =
  | { kind: 'admitted'; account: Account }
  | { kind: 'refused'; reason: AdmitRefusal }

export type AdmitRefusal =
  | 'bad_subject'
  | 'no_email'
  | 'email_not_verified'
  /** Another's domain: else any customer's provider could sign in as anybody. */
  | 'foreign_domain'
  | 'suspended'
  | 'conflict'

/** Another sign-in came in between: nothing of this one is kept. */
class ConflictError extends Error {
  override name = 'ConflictError'
}

export function createAdmit(options: {
  database: Database
  accounts: Accounts
  memberships: Memberships
  federatedIdentities: FederatedIdentities
}): Admit {
  const { database, accounts, memberships, federatedIdentities } = options

  async function accountOf(
    actor: Actor,
    provider: IdentityProvider,
    { subject, email, name }: { subject: string; email: string; name: string },
  ): Promise<Account | null> {
    const known = await federatedIdentities.find(provider.id, subject)
    if (known !== null) return accounts.find(known)
    try {
      return await database.write(async (write) => {
        // Signed up by whoever knew the address: its password must not open the owner's account.
        const deleted = await accounts.deleteUnconfirmedIn(write, actor, email)
        if (deleted === 'last-owner') throw new ConflictError()
        const newAccount = { email, name, passwordHash: null, emailConfirmed: true }
        const { account } = await accounts.createIn(write, actor, newAccount)
        if (!account.emailConfirmed) throw new ConflictError()
        // Deleted meanwhile: what was linked to nobody could never sign in again.
        if (!(await lockAccount(write, account.id))) throw new ConflictError()
        const linked = await federatedIdentities.linkIn(write, actor, {
          providerId: provider.id,
          customerId: provider.customerId,
          subject,
          accountId: account.id,
        })
        if (linked === 'taken') throw new ConflictError()
        return account
      })
    } catch (error) {
      if (error instanceof ConflictError) return null
      throw error
    }
  }

  return async function admit(actor, provider, claims) {
    const subject = claims.sub
    // OpenID Connect Core §2: at most 255 ASCII characters.
    if (!/^[\x20-\x7E]{1,255}$/.test(subject)) return refused('bad_subject')
    const email = typeof claims['email'] === 'string' ? parseEmail(claims['email']) : null
    if (email === null) return refused('no_email')
    const verified = claims['email_verified']
    if (verified !== undefined && verified !== true && verified !== 'true') {
      return refused('email_not_verified')
    }
    if (!provider.domains.includes(domainOf(email) ?? '')) return refused('foreign_domain')

    const account = await accountOf(actor, provider, {
      subject,
      email,
      name: nameOf(claims, email),
    })
    if (!account) return refused('conflict')
    if (account.suspended) return refused('suspended')
    const { customerId } = provider
    const membership = await memberships.find(account.id, customerId)
    const role = mappedRole(provider, claims) ?? membership?.role ?? 'viewer'
    if (role !== membership?.role) {
      // The last owner stays owner, whatever the claim says: somebody must be able to appoint others.
      await memberships.set(actor, { accountId: account.id, customerId, role })
    }
    return { kind: 'admitted', account }
  }
}

const refused = (reason: AdmitRefusal): AdmitOutcome => ({ kind: 'refused', reason })

/** What to call a new person. */
function nameOf(claims: Readonly<Record<string, unknown>>, email: string): string {
  const { name, given_name: given, family_name: family, preferred_username: username } = claims
  const whole = [given, family].filter((part) => typeof part === 'string').join(' ')
  for (const candidate of [name, whole, username]) {
    if (typeof candidate !== 'string') continue
    const clean = candidate.replace(/[\p{C}\s]+/gu, ' ').trim()
    if (clean !== '') return /^.{1,100}/u.exec(clean)![0]
  }
  return email.slice(0, email.lastIndexOf('@'))
}
