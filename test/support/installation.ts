import { createPostgresDatabase } from './databases.ts'
import { mapgate, type RunningServer, startServer } from './server.ts'

/** A server with one customer and one client, made through the command line. */
export interface Installation {
  server: RunningServer
  clientId: string
  secretId: string
  secret: string
}

/** The environment of a server on a new database of that kind. */
export async function databaseEnvironment(
  kind: 'sqlite' | 'postgres',
): Promise<Record<string, string>> {
  if (kind === 'sqlite') return {}
  return {
    MAPGATE_DATABASE_URL: await createPostgresDatabase(),
    MAPGATE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
  }
}

export async function createClient(
  server: Pick<RunningServer, 'environment'>,
  ...options: string[]
): Promise<Omit<Installation, 'server'>> {
  await mapgate(server, 'customers', 'create', 'Customer', '--id', 'customer').catch((error) => {
    if (!String(error).includes('already')) throw error
  })
  const created = await mapgate<{ id: string; secret: { id: string; text: string } }>(
    server,
    ...['clients', 'create', '--customer', 'customer', '--name', 'Client', '--secret', 'first'],
    ...options,
  )
  return { clientId: created.id, secretId: created.secret.id, secret: created.secret.text }
}

/** Starts a server of its own for a client of its own. */
export async function startInstallation(
  kind: 'sqlite' | 'postgres',
  environment: Record<string, string> = {},
): Promise<Installation & AsyncDisposable> {
  const server = await startServer({
    environment: { ...(await databaseEnvironment(kind)), ...environment },
  })
  return {
    server,
    ...(await createClient(server)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
