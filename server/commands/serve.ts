import type { Command } from 'commander'
import { createApp } from '../app.ts'
import { readEnvironment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import type { Output } from './output.ts'
import { running } from './run.ts'
import { prepareSample } from './sample.ts'
import { sampleCommands } from './sample-text.ts'
import { firstOperatorLink } from './setup.ts'

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Run the server until it is told to stop (SIGTERM, SIGINT).')
    .option('--sample', 'import the sample data and make a demo customer, client and account')
    .action(running(serve))
}

async function serve(_output: Output, options: { sample?: boolean }): Promise<void> {
  const settings = loadConfig(readEnvironment())
  const app = await createApp(settings)
  // From here on a signal ends an orderly run: answer what was asked, write what is written behind.
  const stopped = Promise.withResolvers<NodeJS.Signals>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stopped.resolve)
  try {
    const sample = options.sample ? await prepareSample(app, settings) : null
    await app.http.listen({ host: settings.host, port: settings.port })
    if (sample) process.stdout.write(sampleCommands(sample, settings.dialects))
    const link = await firstOperatorLink(app.access, settings.publicUrl)
    // To whoever started the server, and not to its log.
    if (link) {
      process.stdout.write(
        `Nobody runs this installation yet. Within 24 hours, this link makes the first operator, once:\n  ${link}\n`,
      )
    }
    const signal = await stopped.promise
    app.http.log.info({ signal }, 'stopping')
  } finally {
    await app[Symbol.asyncDispose]()
  }
}
