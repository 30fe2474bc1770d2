import type { Accounts } from '../access/accounts/accounts.ts'
import type { Challenges } from '../access/accounts/challenges.ts'
import type { EmailLinks } from '../access/accounts/email-links.ts'
import type { Invitations } from '../access/accounts/invitations.ts'
import type { Passkeys } from '../access/accounts/passkeys.ts'
import type { Passwords } from '../access/accounts/passwords.ts'
import type { SecondFactors } from '../access/accounts/second-factors.ts'
import type { Sessions } from '../access/accounts/session.ts'
import type { Areas } from '../access/areas/areas.ts'
import type { ResolveClient } from '../access/clients/client-resolver.ts'
import type { Consents } from '../access/consents/consent.ts'
import type { Customers } from '../access/customers/customers.ts'
import type { IdentityProviders } from '../access/identity-providers/identity-providers.ts'
import type { Interactions } from '../access/interactions/interaction.ts'
import type { Apis } from '../access/scopes/apis.ts'
import type { ChangeFeed } from '../database/change-feed.ts'
import type { LimitCall } from '../http/route.ts'
import type { Background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { Mail } from '../mail/mail.ts'
import type { Messages as MailMessages } from '../mail/messages.ts'

/** What the pages of `sign-in/` work with. */
export interface SignInOptions {
  publicUrl: string
  accounts: Accounts
  passwords: Passwords
  emailLinks: EmailLinks
  secondFactors: SecondFactors
  passkeys: Passkeys
  challenges: Challenges
  invitations: Invitations
  sessions: Sessions
  interactions: Interactions
  consents: Consents
  areas: Areas
  customers: Customers
  resolveClient: ResolveClient
  feed: Pick<ChangeFeed, 'ensureFresh'>
  apis: Apis
  identityProviders: Pick<IdentityProviders, 'find' | 'findByEmail' | 'requiredProviderFor'>
  background: Background
  mail: Mail
  mailMessages: MailMessages
  /** Counts calls of a network. */
  limitCall: LimitCall
  clock: Clock
}
