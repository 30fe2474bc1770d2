import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'

/** Debian's, for which `python3-requests-oauthlib` is packaged; not whatever comes first in PATH. */
const PYTHON = '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('./requests_oauthlib_script.py', import.meta.url))

it('requests-oauthlib gets a token in both ways, uses it, and understands a refusal', async () => {
  requireModule()
  await using server = await startSampleServer()
  const { base_url, client_id, client_secret } = server.sample
  const output = execFileSync(PYTHON, [SCRIPT, base_url, client_id], {
    // It insists on https otherwise, as it should.
    env: { CLIENT_SECRET: client_secret, OAUTHLIB_INSECURE_TRANSPORT: '1' },
    encoding: 'utf8',
  })
  const used = {
    status: 200,
    collections: ['countries', 'images', 'places', 'sequences'],
    token_type: 'Bearer',
    scope: ['read'],
  }
  expect(JSON.parse(output)).toEqual({ header: used, body: used, refusal: 'invalid_scope' })
})

function requireModule(): void {
  try {
    execFileSync(PYTHON, ['-c', 'import requests_oauthlib'], { stdio: 'ignore' })
  } catch {
    throw new Error(
      `${PYTHON} has no requests_oauthlib: run "apt-get install python3-requests-oauthlib"`,
    )
  }
}
