import type { Command } from 'commander'
import type { Access } from '../open-access.ts'
import { accountDetails, createResetUrl, email } from './accounts.ts'
import { addCommand, text } from './define.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate setup`: an operator, and the link by which they choose a password. */
export function addSetupCommand(program: Command): void {
  addCommand(
    program,
    'setup',
    'Make an operator: an account that runs the whole installation. Prints a link that works once, within an hour, to choose a password. For an operator who has none yet it makes a new link.',
    ['mapgate setup --email ann@lund.example --name "Ann Lund"'],
  )
    .requiredOption('--email <address>', 'the operator’s e-mail address', email)
    .option('--name <text>', 'the operator’s name, up to 100 characters', text(100))
    .action(onData(setup))
}

async function setup(
  { access, actor, settings, output }: Session,
  options: { email: string; name?: string },
): Promise<void> {
  const outcome = await access.accounts.create(actor, {
    email: options.email,
    name: options.name ?? options.email.split('@')[0]!,
    passwordHash: null,
    // Whoever has this command line may say so.
    emailConfirmed: true,
    operator: true,
  })
  const { account } = outcome
  if (outcome.kind === 'known' && (!account.operator || account.hasPassword)) {
    throw new Refusal(
      'exists',
      account.operator
        ? `${account.email} is an operator already (mapgate accounts reset-password ${account.id} makes a link for a new password).`
        : `There is already an account of ${account.email} (mapgate accounts operator ${account.id} makes it one of an operator).`,
    )
  }
  const url = await createResetUrl(access, settings.publicUrl, account)
  output.show({ account, passwordUrl: url }, `${accountDetails(account)}\n\nlink: ${url}`)
  output.note('Open it within an hour. Whoever opens it first chooses the password.')
}

/**
 * What a start of the server tells while nobody runs the installation: a link to the page that makes
 * the first operator. Each start makes a new one; the one before is dead.
 * @returns null: there is an operator
 */
export async function firstOperatorLink(access: Access, publicUrl: string): Promise<string | null> {
  if (await access.accounts.hasOperator()) return null
  const text = await access.emailLinks.create({ purpose: 'setup', email: '' })
  return `${publicUrl}/setup?token=${text}`
}
