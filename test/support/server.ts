import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { cp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../../bin/mapgate.js', import.meta.url))

/** A Mapgate server in a process of its own, spoken to over HTTP only. */
export interface RunningServer extends AsyncDisposable {
  url: string
  process: ChildProcess
  dataDir: string
  environment: Record<string, string>
  /** All that it has written to its log so far. */
  log(): string
  /** Ends it at once, as a power failure would. */
  kill(): Promise<void>
  /** Ends it in an orderly way. @returns its exit code */
  stop(): Promise<number | null>
}

export interface ServerOptions {
  /** Where an earlier server left its data; by default a new folder. */
  dataDir?: string
  port?: number
  environment?: Record<string, string>
  arguments?: string[]
}

/** Starts a server and waits until it is ready. Its data goes with it, unless the folder was given. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const dataDir = options.dataDir ?? temporaryFolder()
  const port = options.port ?? (await freePort())
  const environment = {
    PATH: process.env.PATH!,
    PORT: String(port),
    MAPGATE_HOST: '127.0.0.1',
    MAPGATE_PUBLIC_URL: `http://127.0.0.1:${port}`,
    MAPGATE_DATA_DIR: dataDir,
    ...options.environment,
  }
  const child = spawn(process.execPath, [PROGRAM, 'serve', ...(options.arguments ?? [])], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const running: RunningServer = {
    url: `http://127.0.0.1:${port}`,
    process: child,
    dataDir,
    environment,
    log: () => log,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await running.kill()
      if (!options.dataDir) await rm(dataDir, { recursive: true, force: true })
    },
  }
  await untilReady(running, exited)
  return running
}

async function untilReady(server: RunningServer, exited: Promise<number | null>): Promise<void> {
  const ended = exited.then((code) => {
    throw new Error(`the server ended with code ${code}:\n${server.log()}`)
  })
  const ready = (async () => {
    for (;;) {
      const answer = await fetch(`${server.url}/ready`).catch(() => null)
      if (answer?.ok) return
      await sleep(25)
    }
  })()
  await Promise.race([ready, ended])
  ended.catch(() => {})
}

/** What `sample.json` holds. */
export interface Sample {
  base_url: string
  customer_id: string
  client_id: string
  client_secret: string
  client_token: string
  redirect_uri: string
  account_email: string
  account_password: string
  citygov_customer_id: string
  citygov_client_id: string
  citygov_client_secret: string
  citygov_client_token: string
}

/** Starts a server on a copy of the sample data. */
export async function startSampleServer(
  options: Omit<ServerOptions, 'dataDir'> = {},
): Promise<RunningServer & { sample: Sample }> {
  const dataDir = temporaryFolder()
  await cp(inject('sampleDir'), dataDir, { recursive: true })
  const server = await startServer({ ...options, dataDir, arguments: ['--sample'] })
  const sample = JSON.parse(await readFile(join(dataDir, 'sample.json'), 'utf8')) as Sample
  return {
    ...server,
    sample,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Runs one command of the command line on a server's data and returns its `--json` output. */
export async function mapgate<Output = unknown>(
  server: Pick<RunningServer, 'environment'>,
  ...args: string[]
): Promise<Output> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--json'], {
    env: server.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0)
    throw new Error(`mapgate ${args.join(' ')} ended with code ${String(code)}:\n${errors}`)
  return JSON.parse(output) as Output
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'mapgate-test-'))
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
