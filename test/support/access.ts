import { dirname } from 'node:path'
import { type Access, openAccess, type Overrides } from '../../server/open-access.ts'
import { type Actor } from '../../server/access/audit/actor.ts'
import { loadConfig, type Settings } from '../../server/config/load.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import type { Clock } from '../../server/lib/clock.ts'
import { temporaryFolder } from './server.ts'

/** A master key that tests may share: it protects nothing. */
const TEST_MASTER_KEY = Buffer.alloc(32, 7).toString('base64url')

export const commandLine: Actor = {
  kind: 'command-line',
  id: 'tester',
  secretId: null,
  address: null,
  requestId: null,
}

/** Settings as an installation on this database has them. */
export function testSettings(
  location: DatabaseLocation,
  changes: Partial<Settings> = {},
): Settings {
  const dataDir = location.kind === 'sqlite' ? dirname(location.file) : temporaryFolder()
  return {
    ...loadConfig({
      values: [{ path: 'dataDir', variable: 'MAPGATE_DATA_DIR', text: dataDir }],
      configFile: null,
      databaseUrl: location.kind === 'postgres' ? location.url : null,
      masterKey: TEST_MASTER_KEY,
      smtpUrl: null,
      clientSecret: null,
    }),
    database: { connections: 4 },
    ...changes,
  }
}

/** One node of an installation, without its HTTP server. */
export function openTestAccess(
  location: DatabaseLocation,
  { settings = {}, ...overrides }: Overrides & { settings?: Partial<Settings> } = {},
): Promise<Access> {
  return openAccess(testSettings(location, settings), undefined, overrides)
}

/** A clock that stands until it is moved. */
export function movableClock(start = Date.parse('2026-01-01T00:00:00Z')): Clock & {
  advance(milliseconds: number): void
} {
  let now = start
  return {
    now: () => now,
    // The feed must not think that time stood still.
    monotonic: () => performance.now() + now,
    advance(milliseconds) {
      now += milliseconds
    },
  }
}

/** A customer with one client that may read, and one secret of it. */
export async function createDemoClient(
  access: Access,
  client: Partial<Parameters<Access['clients']['create']>[1]> = {},
): Promise<{ customerId: string; clientId: string; secretId: string; text: string }> {
  const customerId = client.customerId ?? 'customer'
  await access.customers.create(commandLine, { id: customerId, name: 'Customer' })
  const created = await access.clients.create(commandLine, {
    customerId,
    displayName: 'Client',
    scopes: ['read'],
    ...client,
  })
  if (created.kind !== 'created') throw new Error(created.kind)
  const clientId = created.client.id
  const secret = await access.secrets.create(commandLine, clientId, {
    description: 'first',
    expiresAt: null,
  })
  if (secret.kind !== 'created') throw new Error(secret.kind)
  return { customerId, clientId, secretId: secret.secret.id, text: secret.text }
}
