import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Collection } from '../../../access/collections/collection.ts'
import { wholeScope } from '../../../access/scopes/whole-scope.ts'
import type { DatabaseLocation } from '../../../database/open.ts'
import { openMapStore } from '../../store/open.ts'
import { fileSource } from '../file-source.ts'
import type { ImportOptions } from '../import-options.ts'
import { type ImportOutcome, runImport } from '../run-import.ts'
import type { JobProgress } from './import-job.ts'

/**
 * An import in a process of its own, which runs this same module: its memory goes with it, and it
 * never holds up a request. It stands back where the machine is busy.
 */
export interface ImportProcess {
  /** Throws when the process ended by itself. */
  outcome: Promise<ImportOutcome>
  /** How far it is. */
  progress(): JobProgress
  /** Leaves the collection as it was, unless it is done already. */
  cancel(): void
  /** Ends it at once. */
  kill(): Promise<void>
}

export interface ProcessOrder {
  /** Of the map store. */
  location: DatabaseLocation
  collection: Collection
  file: string
  options: ImportOptions
}

type Message =
  | { kind: 'progress'; progress: JobProgress }
  | { kind: 'ended'; outcome: ImportOutcome }

/** How often it tells how far it is. */
const TELL_MILLISECONDS = 250

export function startImportProcess(order: ProcessOrder): ImportProcess {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [] })
  let progress: JobProgress = { phase: 'looking', bytes: 0, features: 0, faults: 0 }
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  const outcome = outcomeOf(child, exited, (heard) => {
    progress = heard
  })
  // As a message, because arguments and environment of a process show to others, and a URL holds a password.
  child.send(order)
  return {
    outcome,
    progress: () => progress,
    cancel() {
      if (child.connected) child.send('cancel', () => {})
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function outcomeOf(
  child: ChildProcess,
  exited: Promise<[number | null, string | null]>,
  onProgress: (progress: JobProgress) => void,
): Promise<ImportOutcome> {
  let outcome: ImportOutcome | null = null
  child.on('message', (message: Message) => {
    if (message.kind === 'progress') onProgress(message.progress)
    else outcome = message.outcome
  })
  // A process that cannot be started has no exit.
  child.on('error', () => {})
  const [code, signal] = await exited
  if (outcome) return outcome
  throw new Error(`the process of an import ended with ${signal ?? code}`)
}

if (import.meta.main) {
  // Without the server nobody waits for it; what has been written stays hidden.
  const leave = () => process.exit(1)
  process.once('disconnect', leave)
  // Ctrl-C reaches all processes of a terminal: the server decides.
  process.on('SIGINT', () => {})
  const [order] = (await once(process, 'message')) as [ProcessOrder]
  const cancelled = new AbortController()
  process.on('message', () => cancelled.abort())
  const outcome = await run(order, cancelled.signal)
  process.off('disconnect', leave)
  process.send?.({ kind: 'ended', outcome } satisfies Message, () => process.disconnect?.())
}

async function run(order: ProcessOrder, signal: AbortSignal): Promise<ImportOutcome> {
  standBack()
  await using store = await openMapStore(order.location)
  let bytes = 0
  let toldAt = 0
  return await runImport({
    store,
    scope: wholeScope(() => [order.collection]),
    collectionId: order.collection.id,
    source: await fileSource(order.file, (read) => {
      bytes = read
    }),
    options: order.options,
    signal,
    onProgress({ phase, features, faults }) {
      if (performance.now() - toldAt < TELL_MILLISECONDS) return
      toldAt = performance.now()
      process.send?.({
        kind: 'progress',
        progress: { phase, bytes, features, faults },
      } satisfies Message)
    },
  })
}

function standBack(): void {
  try {
    setPriority(5)
  } catch {
    // Not allowed here: it only is slower for others.
  }
}
