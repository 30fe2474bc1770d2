import { Command, CommanderError, type OutputConfiguration } from 'commander'
import { addAccountsCommand } from './commands/accounts.ts'
import { addAuditCommand } from './commands/audit.ts'
import { addClientTokenCommand } from './commands/client-tokens.ts'
import { addClientsCommand } from './commands/clients.ts'
import { addCollectionsCommand } from './commands/collections.ts'
import { addCustomersCommand } from './commands/customers.ts'
import { addDoctorCommand } from './commands/doctor/doctor.ts'
import { addExportCommand } from './commands/export.ts'
import { addIdentityProvidersCommand } from './commands/identity-providers.ts'
import { addImportCommand } from './commands/import.ts'
import { addKeysCommand } from './commands/keys.ts'
import { addLimitsCommand } from './commands/limits.ts'
import { addRegistrationTokensCommand } from './commands/registration-tokens.ts'
import { addRequestsCommand } from './commands/requests.ts'
import { toJson } from './commands/output.ts'
import { MISUSED } from './commands/run.ts'
import { addSecretsCommand } from './commands/secrets.ts'
import { addServeCommand } from './commands/serve.ts'
import { addSetupCommand } from './commands/setup.ts'
import { addSubscriptionsCommand } from './commands/subscriptions.ts'
import { addTokenCommand } from './commands/token.ts'
import { addUsageCommand } from './commands/usage.ts'
import { version } from './version.ts'

/**
 * argv -> command. What a command does is in `commands/`, one file each. Exit codes: 0, 1 when a
 * command failed, 2 when it was misused.
 */
export async function main(argv: string[]): Promise<void> {
  const json = argv.includes('--json')
  const printError = (text: string) => void process.stderr.write(text)
  // Who reads the output may have enough of it before its end (`| head`).
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  try {
    // With --json, stderr holds one document too.
    await createProgram({ writeErr: json ? () => {} : printError }).parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return
    process.exitCode = 2
    const { code, message } = error
    const text =
      code === 'commander.help' ? 'a command is missing' : message.replace(/^error: /, '')
    if (json) printError(`${toJson({ error: { code: 'usage', message: text } })}\n`)
    // Commander has printed its own already.
    else if (code === MISUSED) printError(`${message}\n(--help tells more)\n`)
  }
}

/** All commands; it throws CommanderError instead of ending the process. */
export function createProgram(output: OutputConfiguration): Command {
  const program = new Command('mapgate')
    .description('An access platform for map and location data APIs.')
    .version(version)
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
    // What it holds is passed on to the commands added after it.
    .configureOutput(output)
  for (const add of COMMANDS) add(program)
  return program
}

const COMMANDS = [
  addServeCommand,
  addSetupCommand,
  addAccountsCommand,
  addCustomersCommand,
  addClientsCommand,
  addCollectionsCommand,
  addSubscriptionsCommand,
  addImportCommand,
  addExportCommand,
  addRequestsCommand,
  addSecretsCommand,
  addRegistrationTokensCommand,
  addClientTokenCommand,
  addIdentityProvidersCommand,
  addKeysCommand,
  addTokenCommand,
  addLimitsCommand,
  addAuditCommand,
  addUsageCommand,
  addDoctorCommand,
]
