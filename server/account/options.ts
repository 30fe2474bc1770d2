import type { Accounts } from '../access/accounts/accounts.ts'
import type { EmailLinks } from '../access/accounts/email-links.ts'
import type { Memberships } from '../access/accounts/memberships.ts'
import type { Passkeys } from '../access/accounts/passkeys.ts'
import type { Passwords } from '../access/accounts/passwords.ts'
import type { SecondFactors } from '../access/accounts/second-factors.ts'
import type { Sessions } from '../access/accounts/session.ts'
import type { Applications } from '../access/applications/applications.ts'
import type { Areas } from '../access/areas/areas.ts'
import type { ClientTokens } from '../access/client-tokens/client-tokens.ts'
import type { Clients } from '../access/clients/clients.ts'
import type { Consents } from '../access/consents/consent.ts'
import type { Customers } from '../access/customers/customers.ts'
import type { Grants } from '../access/grants/grants.ts'
import type { ClientRequests } from '../access/requests/client-requests.ts'
import type { Apis } from '../access/scopes/apis.ts'
import type { IdentityProviders } from '../access/identity-providers/identity-providers.ts'
import type { Secrets } from '../access/secrets/secrets.ts'
import type { UsedJtis } from '../access/used-jtis/used-jtis.ts'
import type { LimitCall } from '../http/route.ts'
import type { Background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { RandomBytes } from '../lib/random.ts'
import type { Mail } from '../mail/mail.ts'
import type { Messages as MailMessages } from '../mail/messages.ts'

/** What the pages of `account/` work with. */
export interface AccountOptions {
  publicUrl: string
  /** Whether the Mapillary dialect is served: then its form of the authorization URL works too. */
  mapillary: boolean
  accounts: Accounts
  passwords: Passwords
  emailLinks: EmailLinks
  secondFactors: SecondFactors
  passkeys: Passkeys
  memberships: Memberships
  sessions: Sessions
  consents: Consents
  grants: Pick<Grants, 'listOfAccount' | 'revokeOfClient'>
  areas: Areas
  apis: Apis
  customers: Customers
  clients: Clients
  clientTokens: ClientTokens
  clientRequests: ClientRequests
  secrets: Secrets
  applications: Applications
  usedJtis: UsedJtis
  identityProviders: Pick<IdentityProviders, 'requiredProviderFor'>
  background: Background
  mail: Mail
  mailMessages: MailMessages
  /** Counts calls of a person. */
  limitCall: LimitCall
  clock: Clock
  random: RandomBytes
}
