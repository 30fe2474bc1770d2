import { join } from 'node:path'
import { type Accounts, createAccounts } from '../access/accounts/accounts.ts'
import { type Challenges, createChallenges } from '../access/accounts/challenges.ts'
import { createEmailLinks, type EmailLinks } from '../access/accounts/email-links.ts'
import { createInvitations, type Invitations } from '../access/accounts/invitations.ts'
import { createMemberships, type Memberships } from '../access/accounts/memberships.ts'
import { createPasskeys, type Passkeys } from '../access/accounts/passkeys.ts'
import { createPasswords, type Passwords } from '../access/accounts/passwords.ts'
import { createSecondFactors, type SecondFactors } from '../access/accounts/second-factors.ts'
import type { Sessions } from '../access/accounts/session.ts'
import { createSessions } from '../access/accounts/sessions.ts'
import type { Audit } from '../access/audit/audit.ts'
import type { Grants } from '../access/grants/grants.ts'
import type { IdentityProviders } from '../access/identity-providers/identity-providers.ts'
import type { MasterKey } from '../access/keys/master-key.ts'
import type { Settings } from '../config/load.ts'
import type { Database } from '../database/database.ts'
import { type Background, createBackground } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import { type RandomBytes, randomBetween } from '../lib/random.ts'
import { createMail, type Mail, type MailLog } from '../mail/mail.ts'
import { createMessages, type Messages } from '../mail/messages.ts'
import { createOutboxTransport, createSmtpTransport } from '../mail/transports.ts'

/** The part of `Access` about people: who they are, how they prove it, and mail to them. */
export interface AccountsAccess {
  accounts: Accounts
  passwords: Passwords
  emailLinks: EmailLinks
  secondFactors: SecondFactors
  passkeys: Passkeys
  challenges: Challenges
  invitations: Invitations
  memberships: Memberships
  sessions: Sessions
  /** For what depends on whether an e-mail is known. */
  background: Background
  mail: Mail
  mailMessages: Messages
}

/** Between a form and the mail that it sends: enough to hide in, and short for who waits for the mail. */
const BACKGROUND_DELAY = { least: 200, most: 1_200 }

/** @param opened gets what must be closed */
export function openAccounts(
  options: {
    settings: Settings
    database: Database
    masterKey: MasterKey
    audit: Audit
    identityProviders: Pick<IdentityProviders, 'requiredProviderFor'>
    grants: Grants
    clock: Clock
    random: RandomBytes
    onError: (error: unknown) => void
    log: MailLog
    backgroundDelay: { least: number; most: number } | undefined
  },
  opened: AsyncDisposableStack,
): AccountsAccess {
  const { settings, random, log, backgroundDelay = BACKGROUND_DELAY } = options
  const { publicUrl, sessions } = settings
  const { name } = settings.pages
  const challenges = createChallenges(options)
  const accounts = createAccounts({ ...options, maximumCached: settings.caches.accounts })
  const emailLinks = createEmailLinks(options)
  const mail = opened.use(openMail(options))
  const memberships = createMemberships({ ...options, maximumCached: settings.caches.accounts })
  return {
    accounts,
    passwords: createPasswords(options),
    emailLinks,
    secondFactors: createSecondFactors({ ...options, issuerName: name }),
    passkeys: createPasskeys({ ...options, challenges, publicUrl, name }),
    challenges,
    invitations: createInvitations({ ...options, accounts, memberships, emailLinks }),
    memberships,
    sessions: opened.use(
      createSessions({
        ...options,
        idleMilliseconds: sessions.idleMinutes * 60_000,
        absoluteMilliseconds: sessions.absoluteHours * 3_600_000,
      }),
    ),
    // After the mail, so that it is emptied into it before that ends.
    background: opened.use(
      createBackground({
        delay: () => randomBetween(backgroundDelay.least, backgroundDelay.most, random),
        onError: (error, requestId) =>
          log.error({ err: error, requestId }, 'failed after the answer'),
      }),
    ),
    mail,
    mailMessages: createMessages(name),
  }
}

function openMail(options: {
  settings: Settings
  clock: Clock
  random: RandomBytes
  log: MailLog
}): Mail {
  const { smtpUrl, publicUrl, pages, dataDir, mail } = options.settings
  const from =
    mail.from ||
    `"${pages.name.replaceAll(/["\\]/g, '')}" <no-reply@${new URL(publicUrl).hostname}>`
  if (smtpUrl !== null) {
    const transport = createSmtpTransport({ url: smtpUrl, from })
    return createMail({ ...options, transport, tellLinks: false })
  }
  return createMail({
    ...options,
    transport: createOutboxTransport({ ...options, folder: join(dataDir, 'outbox'), from }),
    // http is for localhost alone: nobody but the developer reads this log.
    tellLinks: publicUrl.startsWith('http:'),
  })
}
