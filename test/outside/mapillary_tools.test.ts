import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mapgate, startSampleServer, temporaryFolder } from '../support/server.ts'
import { createScriptlessBrowser } from '../support/scriptless-browser.ts'

/**
 * Programs of others for Mapillary, of which nothing is changed but where they call: its
 * `mapillary_tools`, from its Python package, and the Python sample of its article.
 */

const VERSION = '0.14.7'
const EMAIL = 'bob@city.example'
const PASSWORD = 'a long enough passphrase'

const folder = temporaryFolder()
let server: Awaited<ReturnType<typeof startSampleServer>>
let clientToken: string
/** null: everything is there; otherwise why nothing can be tried. */
let hindrance: string | null

beforeAll(async () => {
  hindrance = install()
  if (hindrance !== null) return console.warn(`Skipped: ${hindrance}`)
  server = await startSampleServer()
  const tool = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Tools', '--grant', 'password'],
  )
  const shown = await mapgate<{ clientToken: string }>(
    server,
    ...['client-token', 'show', '--client', tool.id],
  )
  clientToken = shown.clientToken
  const { invitationUrl } = await mapgate<{ invitationUrl: string }>(
    server,
    ...['accounts', 'invite', EMAIL, '--customer', 'demo'],
  )
  const browser = createScriptlessBrowser(server.url)
  const page = await browser.open(invitationUrl)
  await browser.submit(page, 'invitation-form', { name: 'Bob', password: PASSWORD })
}, 300_000)
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Into a virtual environment of its own. @returns why that is not possible here */
function install(): string | null {
  for (const [program, ...args] of [
    ['/usr/bin/python3', '-m', 'venv', join(folder, 'venv')],
    [join(folder, 'venv/bin/pip'), 'install', '--quiet', `mapillary_tools==${VERSION}`],
  ]) {
    const { status, stderr, error } = spawnSync(program!, args, { encoding: 'utf8' })
    if (status !== 0) return `${[program, ...args].join(' ')}: ${error?.message ?? stderr}`
  }
  return null
}

function run(config: string, ...args: string[]) {
  return spawnSync(join(folder, 'venv/bin/mapillary_tools'), ['authenticate', ...args], {
    encoding: 'utf8',
    env: {
      HOME: folder,
      PATH: process.env.PATH,
      MAPILLARY_GRAPH_API_ENDPOINT: `${server.url}/mapillary/graph`,
      MAPILLARY_CLIENT_TOKEN: clientToken,
      MAPILLARY_CONFIG_PATH: join(folder, config),
      MAPILLARY_TOOLS_PROMPT_DISABLED: 'YES',
    },
  })
}

const login = (config: string, password: string) =>
  run(config, '--user_name', 'bob', '--user_email', EMAIL, '--user_password', password)

function setting(config: string, name: string): string {
  const text = readFileSync(join(folder, config), 'utf8')
  return new RegExp(`^${name} *= *(\\S+)$`, 'im').exec(text)![1]!
}

it('mapillary_tools logs in, and reads /me', ({ skip }) => {
  if (hindrance !== null) skip(hindrance)
  const { status, stderr } = login('first', PASSWORD)
  expect(status, stderr).toBe(0)
  const token = setting('first', 'user_upload_token')
  // With a token instead of a password it asks /me who that is.
  const verified = run('second', '--user_name', 'bob', '--jwt', token)
  expect(verified.status, verified.stderr).toBe(0)
  expect(setting('second', 'MAPSettingsUsername')).toBe('Bob')
  expect(setting('second', 'MAPSettingsUserKey')).toBe(setting('first', 'MAPSettingsUserKey'))
})

it('mapillary_tools says why a login or a token is refused', ({ skip }) => {
  if (hindrance !== null) skip(hindrance)
  const wrong = login('third', 'wrong')
  expect(wrong.status).not.toBe(0)
  expect(wrong.stderr).toContain('Invalid email or password')
  const refused = run('third', '--user_name', 'bob', '--jwt', 'xyz123')
  // Its code for a user that is not authorized.
  expect(refused.status).toBe(14)
  expect(refused.stderr).toContain('Failed to decode')
})

it('the Python sample of the article prints the detections', ({ skip }) => {
  if (hindrance !== null) skip(hindrance)
  const sample = `
import requests
app_access_token = '${clientToken}' # create your access token at https://mapillary.com/developer
image_id = '169979785061521'
url = 'https://graph.mapillary.com/{}/detections?fields=id,value,created_at&access_token={}'.format(image_id,app_access_token)
# or instead of adding it to the url, add the token in headers (strongly recommended for user tokens)
headers = { "Authorization" : "OAuth {}".format(app_access_token) }
response = requests.get(url, headers)
data = response.json()
print(data)
`.replace('https://graph.mapillary.com', `${server.url}/mapillary/graph`)
  const printed = execFileSync(join(folder, 'venv/bin/python'), ['-c', sample], {
    encoding: 'utf8',
  })
  expect(printed).toMatch(
    /^\{'data': \[\{'id': '\d+', 'value': '[\w-]+', 'created_at': '[\dT:-]+\+0000'\}/,
  )
  expect(server.log()).not.toContain(clientToken.split('|')[2])
})
