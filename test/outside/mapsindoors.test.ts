import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createAccount, PASSWORD } from '../conformance/person.ts'
import { startSampleServer } from '../support/server.ts'

const SCRIPT = fileURLToPath(new URL('./mapsindoors_script.py', import.meta.url))

it('the Python sample of MapsIndoors logs in with a password and reads the map', async () => {
  await using server = await startSampleServer()
  await createAccount(server, 'ann@example.com')
  const output = execFileSync('/usr/bin/python3', [SCRIPT, server.url, 'ann@example.com'], {
    env: { PASSWORD },
    encoding: 'utf8',
  })
  expect(JSON.parse(output)).toMatchObject({
    expires_in: 86_400,
    scope: 'integration',
    status: 200,
    collections: expect.arrayContaining(['places', 'countries']),
  })
})
