import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setUpMapgate } from './mapgate.ts'
import { measure } from './measure.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { canPin, killAll, startGenerator } from './processes.ts'
import { compare, RATIOS, type Sample, type TargetName } from './ratios.ts'
import { type Report, toJson, toText } from './report.ts'
import { openTargets } from './targets.ts'

/**
 * `npm run bench`: Mapgate beside other servers, in one run, as ratios.
 *
 * Mapgate starts on a new data folder with the sample data (`mapgate.ts`); its memory is read while it is
 * idle. Then the servers that are compared start (`targets.ts`, `servers/`), all on one core, and are
 * loaded from another core one at a time (`load.ts`), in rounds (`measure.ts`). A round's ratio is
 * between rates measured seconds apart; the median over the rounds is what counts (`ratios.ts`).
 */
async function run(options: Options, stack: AsyncDisposableStack): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'mapgate-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  if (!canPin) progress('taskset cannot give servers and load a core each: measuring without')
  progress('starting Mapgate and importing the sample data')
  const mapgate = await setUpMapgate(folder, options.settleSeconds)

  const ratios = RATIOS.filter(({ name }) => options.only === null || options.only === name)
  let samples = new Map<TargetName, Sample[]>()
  if (ratios.length > 0) {
    const names = new Set(ratios.flatMap(({ of, to }) => [of, to]))
    const { manyClients } = options
    const targets = stack.use(await openTargets({ names, mapgate, manyClients, folder, progress }))
    const generator = stack.use(startGenerator())
    samples = await measure({
      targets: targets.list,
      generator,
      rounds: options.rounds,
      milliseconds: options.milliseconds,
      leadInMilliseconds: options.leadInMilliseconds,
      warmUpMilliseconds: options.warmUpMilliseconds,
      progress,
    })
  }
  const memory = mapgate.idleMegabytes
  return {
    ratios: ratios.map((ratio) => compare(ratio, samples)),
    rounds: options.rounds,
    secondsPerRound: options.milliseconds / 1_000,
    manyClients: options.manyClients,
    pinned: canPin,
    node: process.versions.node,
    memoryMegabytes: memory.afterImport && Math.max(memory.afterImport, memory.afterStart ?? 0),
    memory,
    samples,
  }
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) {
    process.stdout.write(HELP)
    return
  }
  await using stack = new AsyncDisposableStack()
  process.once('exit', killAll)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      killAll()
      void stack.disposeAsync().finally(() => process.exit(1))
    })
  }
  const report = await run(options, stack)
  process.stdout.write(`${options.json ? toJson(report) : toText(report)}\n`)
}

try {
  await main()
} catch (error) {
  progress(`bench: ${(error as Error).message}`)
  process.exitCode = 1
}
