import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readMasterKeyFile } from '../server/access/keys/master-key.ts'
import { createSecretVerification } from '../server/access/secrets/secret-verification.ts'
import { openDatabase } from '../server/database/open.ts'
import { systemClock as clock } from '../server/lib/clock.ts'
import { systemRandom } from '../server/lib/random.ts'
import { insertManyClients } from './many-clients.ts'

it('inserts clients whose secrets the server takes', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mapgate-bench-test-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true }))
  const masterKey = readMasterKeyFile(dataDir, systemRandom)
  const open = () => openDatabase({ kind: 'sqlite', file: join(dataDir, 'mapgate.sqlite') }, clock)
  {
    await using database = await open()
    await database.write(({ query }) => insertTemplate(query))
  }

  const bodiesFile = join(dataDir, 'bodies.txt')
  insertManyClients({ dataDir, clientId: 'template', count: 12, bodiesFile })

  await using database = await open()
  const verification = createSecretVerification({
    clients: { beginFill: () => () => {} },
    database,
    masterKey,
    clock,
    maximumCached: 100,
  })
  const forms = readFileSync(bodiesFile, 'utf8').trimEnd().split('\n')
  expect(forms).toHaveLength(12)
  for (const form of forms.map((line) => new URLSearchParams(line))) {
    const clientId = form.get('client_id')!
    expect(await verification.verify(clientId, form.get('client_secret')!)).toMatchObject({
      kind: 'valid',
    })
    const row = await database.query
      .selectFrom('clients')
      .select(['customer_id', 'scopes'])
      .where('id', '=', clientId)
      .executeTakeFirst()
    expect({ ...row }).toEqual({ customer_id: 'customer', scopes: 'read' })
  }
})

type Query = Parameters<
  Parameters<Awaited<ReturnType<typeof openDatabase>>['write']>[0]
>[0]['query']

async function insertTemplate(query: Query): Promise<void> {
  await query
    .insertInto('customers')
    .values({ id: 'customer', name: 'Customer', suspended_at: null, created_at: 1 })
    .execute()
  await query
    .insertInto('clients')
    .values({
      id: 'template',
      customer_id: 'customer',
      display_name: 'Template',
      description: '',
      type: 'confidential',
      scopes: 'read',
      grants: 'client_credentials',
      token_lifetime_seconds: 3_600,
      signing_algorithm: null,
      api_id: null,
      suspended_at: null,
      created_at: 1,
    })
    .execute()
  await query
    .insertInto('client_secrets')
    .values({
      id: '0123456789abcdef01234567',
      client_id: 'template',
      description: '',
      created_at: 1,
      created_by_kind: 'command-line',
      created_by_id: null,
      created_by_secret_id: null,
      expires_at: null,
      last_used_at: null,
      last_four: 'abcd',
      hash: 'none',
      pepper_version: 1,
      retiring: 0,
      revoked_at: null,
      tokens_revoked: 0,
    })
    .execute()
}
