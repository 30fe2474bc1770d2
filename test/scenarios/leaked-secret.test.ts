import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { bearer, call, logIn, tokenOf } from '../support/api.ts'
import { createClient, databaseEnvironment } from '../support/installation.ts'
import { mapgate, type RunningServer, startServer } from '../support/server.ts'

const PAUSE_MILLISECONDS = 60_000

/** Two servers on one database, the second of them under load. */
async function startTwo(kind: 'sqlite' | 'postgres') {
  const environment = { ...(await databaseEnvironment(kind)), MAPGATE_LIMITS_STORE: 'shared' }
  const first = await startServer({ environment })
  const { MAPGATE_PUBLIC_URL } = first.environment
  const second = await startServer({
    ...(kind === 'sqlite' && { dataDir: first.dataDir }),
    // One installation has one issuer, whichever node answers.
    environment: { ...environment, MAPGATE_PUBLIC_URL: MAPGATE_PUBLIC_URL! },
  })
  return { first, second }
}

/** Logins of another client, as many as the server takes, until the load is stopped. */
function load(server: RunningServer, clientId: string, secret: string) {
  let running = true
  let answered = 0
  const callers = Array.from({ length: 16 }, async () => {
    while (running) {
      await logIn(server.url, clientId, secret).then(() => answered++)
    }
  })
  return async () => {
    running = false
    await Promise.all(callers)
    return answered
  }
}

describe.each(['sqlite', 'postgres'] as const)('a leaked secret (%s)', (kind) => {
  it(
    'is refused by another server within a second under load, and first thing after a pause',
    { timeout: 240_000 },
    async () => {
      const { first, second } = await startTwo(kind)
      await using _first = first
      await using _second = second
      const leaked = await createClient(first)
      const other = await createClient(first)
      const roll = () =>
        mapgate<{ secret: { text: string } }>(
          first,
          ...['secrets', 'roll', '--client', leaked.clientId, '--overlap', '0s', '--revoke-tokens'],
        )

      // Both are in the second server's caches.
      const token = await tokenOf(second.url, leaked.clientId, leaked.secret)
      const introspect = () =>
        call(`${second.url}/oauth2/introspect`, {
          method: 'POST',
          body: new URLSearchParams({
            client_id: other.clientId,
            client_secret: other.secret,
            token,
          }),
        })
      const read = () => call(`${second.url}/maps/collections`, bearer(token))
      expect((await read()).status).toBe(200)
      expect((await introspect()).status).toBe(200)

      const stopLoad = load(second, other.clientId, other.secret)
      await sleep(500)
      const rolled = await roll()
      await sleep(1_000)
      expect((await read()).status).toBe(401)
      expect((await logIn(second.url, leaked.clientId, leaked.secret)).status).toBe(401)
      expect(await stopLoad()).toBeGreaterThan(0)

      const next = rolled.secret.text
      const nextToken = await tokenOf(second.url, leaked.clientId, next)
      expect((await call(`${second.url}/maps/collections`, bearer(nextToken))).status).toBe(200)

      second.process.kill('SIGSTOP')
      await roll()
      await sleep(PAUSE_MILLISECONDS)
      // Asked while it still stands, so that it is the first thing it does.
      const asked = call(`${second.url}/maps/collections`, bearer(nextToken))
      await sleep(200)
      second.process.kill('SIGCONT')
      expect((await asked).status).toBe(401)
      expect((await logIn(second.url, leaked.clientId, next)).status).toBe(401)
    },
  )
})
