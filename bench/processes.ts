import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LoadResult } from './load.ts'
import type { LoadOrder } from './load-process.ts'

/** The processes of a run: servers on the first core, the load generator on the second. */
export interface Server extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  /** Ends it with SIGTERM, and with SIGKILL when that takes more than ten seconds. */
  stop(): Promise<void>
}

export interface Generator extends AsyncDisposable {
  /** @throws Error when the generator ends or takes far longer than the load should */
  run(order: LoadOrder): Promise<LoadResult>
}

const SERVER_CORE = 0
const LOAD_CORE = 1

/** Whether `taskset` can put processes on both cores. */
export const canPin = [SERVER_CORE, LOAD_CORE].every(
  (core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0,
)

/**
 * Starts a server and waits until `GET readyPath` answers 200.
 * @param command arguments to node
 * @param environment besides the caller's, of which nothing that configures Mapgate is passed on
 * @throws Error with the end of its output when it ends, or is not ready in time
 */
export async function startServer(options: {
  command: string[]
  environment: Record<string, string>
  readyPath: string
  readyWithinSeconds: number
  /** Whether it has to do with one core, as servers that are compared do; default: true. */
  pinned?: boolean
}): Promise<Server> {
  const port = await freePort()
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('MAPGATE_') && name !== 'NODE_OPTIONS',
  )
  const core = (options.pinned ?? true) ? SERVER_CORE : null
  const child = spawnPinned(core, options.command, {
    ...Object.fromEntries(inherited),
    NODE_ENV: 'production',
    ...options.environment,
    PORT: String(port),
  })
  const output = keepEnd(child)
  const server: Server = {
    port,
    pid: child.pid!,
    stop: () => stop(child),
    [Symbol.asyncDispose]: () => stop(child),
  }
  const givesUpAt = performance.now() + options.readyWithinSeconds * 1_000
  while (!(await isReady(port, options.readyPath))) {
    if (hasEnded(child) || performance.now() > givesUpAt) {
      const what = hasEnded(child) ? 'ended' : `was not ready in ${options.readyWithinSeconds} s`
      await server.stop()
      throw new Error(`node ${options.command.join(' ')} ${what}\n${output()}`)
    }
    await sleep(50)
  }
  return server
}

export function startGenerator(): Generator {
  const program = fileURLToPath(new URL('load-process.ts', import.meta.url))
  const child = spawnPinned(LOAD_CORE, [program], process.env, 'ipc')
  const output = keepEnd(child)
  return {
    async run(order) {
      const answered = new AbortController()
      const signal = AbortSignal.any([
        answered.signal,
        AbortSignal.timeout(order.milliseconds + 60_000),
      ])
      const end = once(child, 'exit', { signal }).then(() => {
        throw new Error(`the load generator ended\n${output()}`)
      })
      try {
        const answer = once(child, 'message', { signal })
        child.send(order)
        const [result] = (await Promise.race([answer, end])) as [LoadResult]
        return result
      } finally {
        // Takes the listeners away; the end that was waited for is then an abort that nobody awaits.
        end.catch(() => {})
        answered.abort()
      }
    },
    [Symbol.asyncDispose]: () => stop(child),
  }
}

function spawnPinned(
  core: number | null,
  command: string[],
  env: NodeJS.ProcessEnv,
  ipc?: 'ipc',
): ChildProcess {
  const isPinned = canPin && core !== null
  const program = isPinned ? 'taskset' : process.execPath
  const pinning = isPinned ? ['-c', String(core), process.execPath] : []
  const child = spawn(program, [...pinning, ...command], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ([ipc] as const) : [])],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

const running = new Set<ChildProcess>()

/** Ends every process of the run at once, also those that are still starting. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** Reads the output away, so that the process never waits for us, and keeps the last of it. */
function keepEnd(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-4_000)))
  }
  return () => text
}

async function isReady(port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      signal: AbortSignal.timeout(2_000),
    })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exit
  clearTimeout(timer)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
