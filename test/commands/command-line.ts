import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPostgresDatabase } from '../support/databases.ts'
import { temporaryFolder } from '../support/server.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/mapgate.js', import.meta.url))

/** Halves the time that each of the many processes takes to start. */
const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), 'mapgate-test-compile-cache') }

export interface Result {
  code: number | null
  stdout: string
  stderr: string
}

/** An installation without a server, worked on by `mapgate` in processes of its own. */
export interface Installation extends AsyncDisposable {
  dataDir: string
  environment: Record<string, string>
  /** @param line arguments with spaces between; a list where an argument has spaces itself */
  run(
    line: string | readonly string[],
    options?: { input?: string; environment?: object },
  ): Promise<Result>
  /**
   * With `--json`: what it printed.
   * @param more arguments after those of the line
   * @throws Error when the exit code is not 0
   */
  json<Output = Record<string, unknown>>(line: string, ...more: string[]): Promise<Output>
  /** With `--json`: the error that it printed, with the exit code. @throws Error when there is none */
  error(
    line: string,
    ...more: string[]
  ): Promise<{ exitCode: number | null; code: string; message: string }>
}

export async function createInstallation(
  kind: 'sqlite' | 'postgres' = 'sqlite',
): Promise<Installation> {
  const dataDir = temporaryFolder()
  const environment = {
    PATH: process.env.PATH!,
    MAPGATE_DATA_DIR: dataDir,
    ...(kind === 'postgres' && {
      MAPGATE_DATABASE_URL: await createPostgresDatabase(),
      MAPGATE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
    }),
  }
  return installationOf(environment)
}

/** @param environment must hold MAPGATE_DATA_DIR; that folder goes with the installation */
export function installationOf(environment: Record<string, string>): Installation {
  const dataDir = environment['MAPGATE_DATA_DIR']!
  const run: Installation['run'] = (line, options = {}) =>
    new Promise((resolve, reject) => {
      const args = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line
      const child = spawn(process.execPath, [PROGRAM, ...args], {
        env: { ...environment, ...COMPILE_CACHE, ...options.environment },
      })
      const result: Result = { code: null, stdout: '', stderr: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => (result.stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text))
      child.on('error', reject).on('close', (code) => resolve({ ...result, code }))
      child.stdin.end(options.input ?? '')
    })
  return {
    dataDir,
    environment,
    run,
    async json<Output>(line: string, ...more: string[]) {
      const { code, stdout, stderr } = await run([...line.split(' '), ...more, '--json'])
      if (code !== 0) throw new Error(`mapgate ${line}: exit code ${code}\n${stderr}`)
      return JSON.parse(stdout) as Output
    },
    async error(line, ...more) {
      const { code: exitCode, stdout, stderr } = await run([...line.split(' '), ...more, '--json'])
      if (stdout !== '') throw new Error(`mapgate ${line} printed ${stdout}`)
      const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
      return { exitCode, ...error }
    },
    [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }),
  }
}

/** A customer `lund` with a client `4711` that has one secret: its id and text. */
export async function createClient(on: Installation): Promise<{ id: string; text: string }> {
  await on.json('customers create Lund --id lund')
  const { secret } = await on.json<{ secret: { id: string; text: string } }>(
    'clients create --customer lund --id 4711 --name Ploughs --secret first',
  )
  return secret
}
