import { freePort, type RunningServer, startServer } from '../support/server.ts'

/** A server that is reached as `localhost`: browsers give passkeys to names only, not to addresses. */
export async function startPagesServer(): Promise<RunningServer> {
  const port = await freePort()
  const url = `http://localhost:${port}`
  return { ...(await startServer({ port, environment: { MAPGATE_PUBLIC_URL: url } })), url }
}
