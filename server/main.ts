import { Command } from 'commander'
import { addServeCommand } from './commands/serve.ts'
import { version } from './version.ts'

/** argv -> command. What a command does is in `commands/`, one file each. */
export async function main(argv: string[]): Promise<void> {
  const program = new Command('mapgate')
    .description('An access platform for map and location data APIs.')
    .version(version)
    .showHelpAfterError('(--help tells more)')
  addServeCommand(program)
  await program.parseAsync(argv)
}
