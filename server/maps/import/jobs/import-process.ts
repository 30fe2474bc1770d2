import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Collection } from '../../../access/collections/collection.ts'
import { wholeScope } from '../../../access/scopes/whole-scope.ts'
import type { DatabaseLocation } from '../../../database/open.ts'
import { isDiskFull } from '../../../database/unavailable.ts'
import { openMapStore } from '../../store/open.ts'
import { fileSource } from '../file-source.ts'
import type { ImportOptions } from '../import-options.ts'
import { DISK_FULL, type ImportOutcome, runImport } from '../run-import.ts'
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
  /** Leaves the collection as it was, unless it is done already. @param reason the first one counts */
  cancel(reason: string): void
  /** Null: it was not, or too late. */
  cancelledFor(): string | null
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
  /** All is written, and is to be swapped in. */
  | { kind: 'ready' }
  | { kind: 'ended'; outcome: ImportOutcome }

/** What it is told: to end, or whether it may swap in what it wrote. */
type Word = { kind: 'cancel' } | { kind: 'verdict'; refusal: string | null }

/** How often it tells how far it is. */
const TELL_MILLISECONDS = 250

/** How long one that was cancelled may go on: it hears of that only between two records. */
const CANCEL_MILLISECONDS = 10_000

/** Of an archive's index and the largest record, with room; what wants more ends alone. */
const HEAP = '--max-old-space-size=1024'

/** @param refuse asked right before the new data is swapped in: why it must not be; null: it may */
export function startImportProcess(
  order: ProcessOrder,
  refuse: () => Promise<string | null>,
): ImportProcess {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [HEAP] })
  let progress: JobProgress = { phase: 'looking', bytes: 0, features: 0, faults: 0 }
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  let cancelled: { reason: string; timer: NodeJS.Timeout } | null = null
  let isPermitted = false
  const outcome = outcomeOf(child, exited, (message) => {
    if (message.kind === 'progress') progress = message.progress
    else {
      // Where that cannot be known, the process ends, and the job is begun anew.
      judge().catch(() => child.kill('SIGKILL'))
    }
  }).finally(() => cancelled && clearTimeout(cancelled.timer))

  async function judge(): Promise<void> {
    const refused = await refuse()
    const refusal = cancelled?.reason ?? refused
    isPermitted = refusal === null
    tell(child, { kind: 'verdict', refusal })
  }

  // As a message, because arguments and environment of a process show to others, and a URL holds a password.
  child.send(order)
  return {
    outcome,
    progress: () => progress,
    cancel(reason) {
      // Ended now, it would be there and called failed.
      if (isPermitted || cancelled) return
      tell(child, { kind: 'cancel' })
      const timer = setTimeout(() => child.kill('SIGKILL'), CANCEL_MILLISECONDS).unref()
      cancelled = { reason, timer }
    },
    cancelledFor: () => cancelled?.reason ?? null,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

function tell(child: ChildProcess, word: Word): void {
  if (child.connected) child.send(word, () => {})
}

async function outcomeOf(
  child: ChildProcess,
  exited: Promise<[number | null, string | null]>,
  onMessage: (message: Exclude<Message, { kind: 'ended' }>) => void,
): Promise<ImportOutcome> {
  let outcome: ImportOutcome | null = null
  child.on('message', (message: Message) => {
    if (message.kind === 'ended') outcome = message.outcome
    else onMessage(message)
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
  const verdict = Promise.withResolvers<string | null>()
  process.on('message', (word: Word) => {
    if (word.kind === 'cancel') cancelled.abort()
    else verdict.resolve(word.refusal)
  })
  const outcome = await run(order, cancelled.signal, () => {
    process.send?.({ kind: 'ready' } satisfies Message)
    return verdict.promise
  }).catch((error: unknown): ImportOutcome => {
    // Also where it opens the store, it is not the file's fault and will not pass soon.
    if (isDiskFull(error)) return { kind: 'failed', reason: DISK_FULL, faults: 0, errors: [] }
    throw error
  })
  process.off('disconnect', leave)
  process.send?.({ kind: 'ended', outcome } satisfies Message, () => process.disconnect?.())
}

async function run(
  order: ProcessOrder,
  signal: AbortSignal,
  refuse: () => Promise<string | null>,
): Promise<ImportOutcome> {
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
    refuse,
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
