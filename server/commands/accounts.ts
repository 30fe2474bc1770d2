import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Account, type Role, ROLES } from '../access/accounts/account.ts'
import { parseEmail } from '../access/accounts/email.ts'
import { unknownCustomer } from './customers.ts'
import { addCommand, addGroup, addPaging, id, page } from './define.ts'
import { lines, table, time } from './output.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate accounts`: the people who sign in. An account is named by its id or its e-mail. */
export function addAccountsCommand(program: Command): void {
  const accounts = addGroup(program, 'accounts', 'Manage accounts: the people who sign in.')
  addPaging(
    addCommand(accounts, 'list', 'List accounts, by id.', ['mapgate accounts list --json']),
  ).action(onData(list))
  addCommand(accounts, 'show <account>', 'Show an account, with its memberships and sessions.', [
    'mapgate accounts show ann@lund.example',
  ]).action(onData(show))
  addCommand(
    accounts,
    'invite',
    'Invite a person to a customer. Sends a link that works once, within 7 days, and prints it. The invitation before is dead.',
    ['mapgate accounts invite bo@lund.example --customer lund --role developer'],
  )
    .argument('<email>', 'the person’s e-mail address', email)
    .requiredOption('--customer <id>', 'the customer', id)
    .addOption(
      new Option('--role <role>', 'what they may do for it').choices(ROLES).default('viewer'),
    )
    .action(onData(invite))
  addCommand(
    accounts,
    'suspend <account>',
    'Suspend an account. Its sessions end, and its tokens stop working within a second.',
    ['mapgate accounts suspend ann@lund.example'],
  ).action(onData((session, name: string) => setSuspended(session, name, true)))
  addCommand(
    accounts,
    'resume <account>',
    'End the suspension of an account. Its tokens that have not expired work again; it must sign in again.',
    ['mapgate accounts resume ann@lund.example'],
  ).action(onData((session, name: string) => setSuspended(session, name, false)))
  addCommand(accounts, 'operator <account>', 'Let a person run the whole installation.', [
    'mapgate accounts operator ann@lund.example',
    'mapgate accounts operator ann@lund.example --end',
  ])
    .option('--end', 'take that away')
    .action(onData(setOperator))
  addCommand(
    accounts,
    'delete <account>',
    'Delete an account for good, with its sessions, consents and grants. A customer with clients keeps an owner: make somebody else one first.',
    ['mapgate accounts delete ann@lund.example'],
  ).action(onData(remove))
  addCommand(
    accounts,
    'reset-password <account>',
    'Print a link that works once, within an hour, to set a new password. It also opens an account again that too many wrong passwords have locked.',
    ['mapgate accounts reset-password ann@lund.example'],
  ).action(onData(resetPassword))
  addCommand(
    accounts,
    'reset-second-factors <account>',
    'Let a person in again who has lost every second factor. Removes the authenticator app, the passkeys and the recovery codes, ends all sessions, and tells the person by mail. Be sure who asks: the password alone signs in then.',
    ['mapgate accounts reset-second-factors ann@lund.example'],
  ).action(onData(resetSecondFactors))
}

/** An e-mail address, as accounts have it. */
export function email(value: string): string {
  const parsed = parseEmail(value)
  if (parsed !== null) return parsed
  throw new InvalidArgumentError('It must be an e-mail address, such as ann@lund.example.')
}

async function find({ access }: Session, name: string): Promise<Account> {
  const account = name.includes('@')
    ? await access.accounts.findByEmail(name)
    : await access.accounts.find(name)
  return account ?? unknownAccount(name)
}

async function list(
  { access, output }: Session,
  { limit, after }: { limit: number; after?: string },
): Promise<void> {
  const found = await access.accounts.list({ after: after ?? null, limit: limit + 1 })
  const { shown, next } = page(found, limit)
  const rows = shown.map((account) => [
    account.id,
    account.email,
    account.name,
    state(account),
    account.operator ? 'yes' : '-',
    time(account.createdAt),
  ])
  output.show(
    { accounts: shown, next },
    rows.length > 0
      ? table(['ID', 'E-MAIL', 'NAME', 'STATE', 'OPERATOR', 'CREATED'], rows)
      : 'No accounts. “mapgate setup --email <address>” makes the first operator.',
  )
  if (next !== null) output.note(`More follow: --after ${next}`)
}

async function show(session: Session, name: string): Promise<void> {
  const { access, output } = session
  const account = await find(session, name)
  const memberships = await access.memberships.of(account.id)
  const sessions = await access.sessions.list(account.id)
  const rows = memberships.map(({ customerId, customerName, role, createdAt }) => [
    customerId,
    customerName,
    role,
    time(createdAt),
  ])
  output.show(
    {
      ...account,
      memberships,
      sessions: sessions.map((session) => ({ ...session, account: session.account.id })),
    },
    [
      accountDetails(account),
      `sessions: ${sessions.length}`,
      ...(rows.length > 0 ? ['', table(['CUSTOMER', 'NAME', 'ROLE', 'SINCE'], rows)] : []),
    ].join('\n'),
  )
}

async function invite(
  { access, settings, output }: Session,
  to: string,
  { customer: customerId, role }: { customer: string; role: Role },
): Promise<void> {
  const customer = (await access.customers.find(customerId)) ?? unknownCustomer(customerId)
  const text = await access.emailLinks.create({ purpose: 'invite', email: to, customerId, role })
  const invitationUrl = `${settings.publicUrl}/invitation?token=${text}`
  access.mail.send(
    access.mailMessages.invitation(to, {
      customerName: customer.name,
      role,
      invitedBy: null,
      link: invitationUrl,
    }),
  )
  await access.mail.flush()
  output.show(
    { email: to, customerId, role, invitationUrl },
    lines({ email: to, customer: customerId, role, link: invitationUrl }),
  )
  output.note(
    settings.smtpUrl === null
      ? 'No mail server is configured (MAPGATE_SMTP_URL): send the link yourself.'
      : 'The link is on its way by mail too.',
  )
}

async function setSuspended(session: Session, name: string, suspended: boolean): Promise<void> {
  const { access, actor, output } = session
  const { id: accountId } = await find(session, name)
  const account =
    (await access.accounts.setSuspended(actor, accountId, suspended)) ?? unknownAccount(name)
  output.show(account, accountDetails(account))
}

async function setOperator(
  session: Session,
  name: string,
  { end = false }: { end?: boolean },
): Promise<void> {
  const { access, actor, output } = session
  const { id: accountId } = await find(session, name)
  const account =
    (await access.accounts.setOperator(actor, accountId, !end)) ?? unknownAccount(name)
  output.show(account, accountDetails(account))
}

async function remove(session: Session, name: string): Promise<void> {
  const { access, actor, output } = session
  const account = await find(session, name)
  const outcome = await access.accounts.delete(actor, account.id)
  if (outcome === 'unknown') unknownAccount(name)
  if (outcome === 'last-owner') {
    throw new Refusal(
      'last-owner',
      `${account.email} is the last owner of a customer with clients or collections: invite another owner, or delete those first.`,
    )
  }
  output.show({ id: account.id, deleted: true }, `Account ${account.email} is deleted.`)
}

async function resetPassword(session: Session, name: string): Promise<void> {
  const { access, settings, output } = session
  const account = await find(session, name)
  const url = await createResetUrl(access, settings.publicUrl, account)
  output.show({ account, passwordUrl: url }, `${accountDetails(account)}\n\nlink: ${url}`)
  output.note(
    `Give it to ${account.email} over a channel you trust: whoever opens it first sets the password.`,
  )
}

async function resetSecondFactors(session: Session, name: string): Promise<void> {
  const { access, actor, settings, output } = session
  const { id: accountId } = await find(session, name)
  const removed = await access.secondFactors.reset(actor, accountId)
  const account = (await access.accounts.find(accountId)) ?? unknownAccount(name)
  if (removed === null) {
    throw new Refusal(
      'no-second-factor',
      `${account.email} needs no second factor to sign in: nothing was changed.`,
    )
  }
  const link = `${settings.publicUrl}/forgot-password`
  access.mail.send(
    access.mailMessages.secondFactorsReset(account.email, { name: account.name, link }),
  )
  await access.mail.flush()
  output.show(
    { account, removed },
    `${accountDetails(account)}\n\n${lines({
      'removed app': removed.totp ? 'yes' : 'no',
      'removed passkeys': String(removed.passkeys),
      'removed recovery codes': String(removed.recoveryCodes),
    })}`,
  )
  output.note(
    account.hasPassword
      ? 'The password stays. Beside a second factor it may be shorter than one that stands alone: “mapgate accounts reset-password” prints a link to a new one.'
      : 'There is no password: “mapgate accounts reset-password” prints a link to set one.',
  )
  if (settings.smtpUrl === null) {
    output.note('No mail server is configured (MAPGATE_SMTP_URL): tell the person yourself.')
  }
}

/** Where the account's person sets a password: once, within an hour. */
export async function createResetUrl(
  { emailLinks }: Pick<Session['access'], 'emailLinks'>,
  publicUrl: string,
  account: Account,
): Promise<string> {
  const { id: accountId, email: address } = account
  const text = await emailLinks.create({ purpose: 'reset', accountId, email: address })
  return `${publicUrl}/reset-password?token=${text}`
}

function unknownAccount(name: string): never {
  throw new Refusal(
    'unknown-account',
    `There is no account “${name}” (mapgate accounts list shows them).`,
  )
}

const state = ({ suspended, emailConfirmed }: Account) =>
  suspended ? 'suspended' : emailConfirmed ? 'active' : 'unconfirmed'

export function accountDetails(account: Account): string {
  const methods = [account.hasPassword && 'password', account.hasTotp && 'one-time codes']
  return lines({
    id: account.id,
    email: account.email,
    name: account.name,
    state: state(account),
    operator: account.operator ? 'yes' : 'no',
    'signs in by': methods.filter(Boolean).join(', ') || '-',
    created: time(account.createdAt),
  })
}
