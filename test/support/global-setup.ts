import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { startServer, temporaryFolder } from './server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    /** A data folder with the sample data, to be copied. */
    sampleDir: string
  }
}

/**
 * What the whole run shares: one real Postgres, in which every test that needs one makes a database
 * of its own, and one import of the sample data, of which tests take copies.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [stopPostgres, sampleDir] = await Promise.all([startPostgres(project), importSample()])
  project.provide('sampleDir', sampleDir)
  return async () => {
    await stopPostgres()
    await rm(sampleDir, { recursive: true, force: true })
  }
}

async function importSample(): Promise<string> {
  const dataDir = temporaryFolder()
  await using server = await startServer({ dataDir, arguments: ['--sample'] })
  await server.stop()
  return dataDir
}

async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const postgres = fork(fileURLToPath(new URL('./postgres-process.ts', import.meta.url)))
  const exited = once(postgres, 'exit')
  const url = await Promise.race([
    once(postgres, 'message').then(([message]) => message as string),
    exited.then(() => Promise.reject(new Error('Postgres did not start'))),
  ])
  project.provide('postgresUrl', url)
  return async () => {
    postgres.disconnect()
    await exited
  }
}
