import type { Account, Membership, Role } from '../../access/accounts/account.ts'
import type { Memberships } from '../../access/accounts/memberships.ts'
import type { Passwords } from '../../access/accounts/passwords.ts'
import type { SecondFactors } from '../../access/accounts/second-factors.ts'
import type { Actor } from '../../access/audit/actor.ts'
import type { Customers } from '../../access/customers/customers.ts'
import type { Grants } from '../../access/grants/grants.ts'
import type { IdentityProviders } from '../../access/identity-providers/identity-providers.ts'
import type { Apis } from '../../access/scopes/apis.ts'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Grant } from '../../oauth/grants/grant.ts'
import { invalidGrant, OAuthError } from '../../protocol/oauth-error.ts'
import { FIXED_CLIENT_ID } from './fixed-client.ts'
import { LIFETIME_SECONDS, requireIntegration } from './token.ts'

export interface PasswordGrantOptions {
  database: Database
  apis: Apis
  passwords: Pick<Passwords, 'verify'>
  secondFactors: Pick<SecondFactors, 'areNeeded'>
  memberships: Pick<Memberships, 'of'>
  customers: Pick<Customers, 'find'>
  identityProviders: Pick<IdentityProviders, 'requiredProviderFor'>
  grants: Pick<Grants, 'createIn'>
  clock: Clock
}

/**
 * `grant_type=password` with the client `client` (RFC 6749 §4.3): a person's e-mail address and
 * password for a token of their customer. RFC 9700 §2.4 forbids it, so it is here alone, and only where
 * a password is all that the person needs: no second factor, no provider that must vouch for them.
 *
 * The token hangs on a grant, so that what ends those ends it: the person at `/account/consents`, a new
 * password, a suspension.
 */
export function passwordGrant(options: PasswordGrantOptions): Grant {
  const { database, apis, passwords, secondFactors, memberships, customers, identityProviders } =
    options
  const { grants, clock } = options

  async function getAccount(email: string, password: string, address: string | null) {
    const outcome = await passwords.verify(email, password, address)
    switch (outcome.kind) {
      case 'right':
        return outcome.account
      case 'wait':
        throw new OAuthError(
          'too_many_attempts',
          `Too many failures. Try again in ${outcome.seconds} seconds.`,
          { headers: { 'retry-after': String(outcome.seconds) } },
        )
      case 'unconfirmed':
        throw wrongPassword('email_not_confirmed')
      case 'locked':
        throw wrongPassword('password_locked')
      case 'wrong':
        throw wrongPassword('wrong_password')
    }
  }

  /** The oldest, because the request names none. */
  async function membershipOf(account: Account): Promise<Membership | null> {
    const all = (await memberships.of(account.id)).toSorted((a, b) => a.createdAt - b.createdAt)
    for (const membership of all) {
      const customer = await customers.find(membership.customerId)
      if (customer && !customer.suspended) return membership
    }
    return null
  }

  return {
    type: 'password',
    confidentialOnly: false,

    async decide({ client }, form, { issuer, actor }) {
      if (client.id !== FIXED_CLIENT_ID) {
        throw new OAuthError('unauthorized_client', 'The client may not use this grant_type.')
      }
      requireIntegration(form.get('scope'))
      const email = form.require('username')
      const password = form.require('password')
      // Before the password, so that it cannot be tried out here; the domain tells it anyway.
      if (await identityProviders.requiredProviderFor(email)) {
        throw invalidGrant(
          'People of this organisation sign in at its own identity provider: use the authorization code flow.',
          'provider_required',
        )
      }
      const account = await getAccount(email, password, actor.address)
      if (await secondFactors.areNeeded(account)) {
        throw invalidGrant(
          'The account needs a second factor: use the authorization code flow.',
          'second_factor_required',
        )
      }
      const membership = await membershipOf(account)
      if (!membership) {
        throw invalidGrant('The account belongs to no customer.', 'no_membership')
      }
      const permitted = SCOPES[membership.role]
      const scopes = client.scopes.filter((scope) => permitted.includes(scope))
      const audience = [apis.get('maps')!.audience]
      const now = clock.now()
      const person: Actor = { ...actor, kind: 'account', id: account.id, secretId: null }
      const grant = await database.write((write) =>
        grants.createIn(write, person, {
          clientId: client.id,
          accountId: account.id,
          issuer,
          scopes,
          audience,
          details: [],
          sessionId: null,
          authenticatedAt: now,
          methods: ['pwd'],
          acr: null,
          nonce: null,
          claims: null,
          dpopJkt: null,
          expiresAt: now + LIFETIME_SECONDS * 1_000,
        }),
      )
      const { customerId } = membership
      return { scopes, audience, narrowed: false, grant, customerId, refresh: null }
    },
  }
}

/** What a person may do with the map data of their customer. */
const SCOPES: Record<Role, readonly string[]> = {
  owner: ['read', 'write'],
  admin: ['read', 'write'],
  developer: ['read', 'write'],
  viewer: ['read'],
}

/** One text for all: it tells nobody which accounts there are. As IdentityServer4 has it. */
const wrongPassword = (reason: string) => invalidGrant('invalid_username_or_password', reason)
