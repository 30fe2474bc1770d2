import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { PYTHON, runProgram } from './programs.ts'

const SCRIPT = fileURLToPath(new URL('../../examples/all-features.py', import.meta.url))

it('examples/all-features.py reads a collection to its end', async () => {
  await using server = await startSampleServer()
  const { base_url, client_id, client_secret } = server.sample
  const run = (collection: string) =>
    runProgram(PYTHON, [SCRIPT, collection], {
      MAPGATE_URL: base_url,
      CLIENT_ID: client_id,
      CLIENT_SECRET: client_secret,
      NO_PROXY: '127.0.0.1',
    })
  const countries = await run('countries')
  expect(countries, countries.stderr).toMatchObject({ code: 0 })
  expect(countries.stdout).toMatch(/^241 features in countries\nthe first: \S+ \{'name': /)
})
