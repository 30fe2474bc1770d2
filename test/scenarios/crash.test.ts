import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { bearer, call, logIn } from '../support/api.ts'
import { createClient, databaseEnvironment } from '../support/installation.ts'
import { freePort, type RunningServer, startServer, temporaryFolder } from '../support/server.ts'

const ROTATIONS = 100

/** A script that rotates its secret, and remembers what it was told. */
interface Script {
  /** Every secret it was told of, the newest last. */
  told: string[]
  /** Those whose deletion was answered. */
  deleted: Set<string>
}

const idOf = (secret: string) => secret.split('_')[1]!

describe.each(['sqlite', 'postgres'] as const)('kill -9 during rotations (%s)', (kind) => {
  it(
    'never locks the script out, and never revives a deleted secret',
    { timeout: 300_000 },
    async () => {
      const environment = await databaseEnvironment(kind)
      const dataDir = temporaryFolder()
      const port = await freePort()
      const start = () => startServer({ dataDir, port, environment })
      let server = await start()
      const { clientId, secret } = await createClient(server)
      const script: Script = { told: [secret], deleted: new Set() }
      let rotations = 0
      let kills = 0
      while (rotations < ROTATIONS) {
        const killing = killSoon(server)
        try {
          while (rotations < ROTATIONS) {
            await rotate(server, clientId, script)
            rotations++
          }
        } catch (error) {
          // What fetch throws when the server is gone; anything else is a fault.
          if (!(error instanceof TypeError)) throw error
        }
        await killing
        kills++
        server = await start()
        await checkPromises(server, clientId, script)
      }
      expect(kills).toBeGreaterThan(3)
      await server.stop()
    },
  )
})

async function killSoon(server: RunningServer): Promise<void> {
  await sleep(100 + Math.random() * 400)
  await server.kill()
}

/** Log in, create, log in with the new one, delete the old one. */
async function rotate(server: RunningServer, clientId: string, script: Script): Promise<void> {
  const secrets = `${server.url}/admin/clients/${clientId}/secrets`
  const current = await usable(server, clientId, script)
  const created = await call(secrets, {
    method: 'POST',
    headers: { ...bearer(current.token).headers, 'content-type': 'application/json' },
    body: JSON.stringify({ description: 'rotation' }),
  })
  expect(created.status, JSON.stringify(created.body)).toBe(201)
  script.told.push(created.body['secret']!)
  const { status, body } = await logIn(server.url, clientId, script.told.at(-1)!)
  expect(status, JSON.stringify(body)).toBe(200)
  const token = body['access_token']!
  const removed = await call(`${secrets}/${idOf(current.secret)}`, {
    method: 'DELETE',
    ...bearer(token),
  })
  // A kill may have hidden the answer to an earlier deletion: then there is nothing left to delete.
  expect([200, 404]).toContain(removed.status)
  script.deleted.add(current.secret)
}

/** The newest secret that works: after a kill, the last one told may be all there is, or the one before. */
async function usable(server: RunningServer, clientId: string, { told, deleted }: Script) {
  for (const secret of told.toReversed().slice(0, 3)) {
    if (deleted.has(secret)) continue
    const { status, body } = await logIn(server.url, clientId, secret)
    if (status === 200) return { secret, token: body['access_token']! }
  }
  throw new Error('locked out')
}

async function checkPromises(server: RunningServer, clientId: string, script: Script) {
  await usable(server, clientId, script)
  for (const secret of [...script.deleted].slice(-3)) {
    expect((await logIn(server.url, clientId, secret)).status).toBe(401)
  }
}
