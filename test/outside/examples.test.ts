import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { withConfig } from '../conformance/config-file.ts'
import { startSampleServer } from '../support/server.ts'
import { PYTHON, runProgram } from './programs.ts'

const SCRIPT = fileURLToPath(new URL('../../examples/all-features.py', import.meta.url))

it.each([
  ['in several pages', {}],
  // Pages come faster than these.
  ['and waits when it is told to', { 'maps.items': { quota: 1, windowSeconds: 2 } }],
])('examples/all-features.py reads a collection to its end, %s', async (_, endpoints) => {
  await using server = await startSampleServer({
    environment: withConfig({ limits: { endpoints } }),
  })
  const { base_url, client_id, client_secret } = server.sample
  const countries = await runProgram(PYTHON, [SCRIPT, 'countries', '50'], {
    MAPGATE_URL: base_url,
    CLIENT_ID: client_id,
    CLIENT_SECRET: client_secret,
    NO_PROXY: '127.0.0.1',
  })
  expect(countries, countries.stderr).toMatchObject({ code: 0 })
  expect(countries.stdout).toMatch(/^241 features in countries\nthe first: \S+ \{'name': /)
})
