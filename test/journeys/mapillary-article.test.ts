import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { call } from '../support/api.ts'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { readMail } from '../support/outbox.ts'
import { freePort, startSampleServer } from '../support/server.ts'
import { completeSignIn, newPerson, type Person, signIn, signUp } from './people.ts'

/**
 * Mapillary's article about access to its API, step by step as its reader would do it, with other
 * base URLs. Its two samples are `examples/mapillary-article.py` and `.js`.
 */

const IMAGE = '169979785061521'

interface Application {
  clientId: string
  clientToken: string
  clientSecret: string
  authorizationUrl: string
}

let server: Awaited<ReturnType<typeof startSampleServer>>
let browser: TestBrowser
/** Nothing answers there. */
let callback: string
let application: Application
/** Who lets the application in. */
let bob: Person

beforeAll(async () => {
  server = await startSampleServer()
  browser = await openBrowser()
  callback = `http://localhost:${await freePort()}/callback`
  application = await registerApplication()
  bob = newPerson('Bob')
  await signUp(server, await browser.page(), bob)
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const text = (page: Page, selector: string) => page.locator(selector).innerText()

/** “visit https://www.mapillary.com/dashboard/developers and click on the Register application button” */
async function registerApplication(): Promise<Application> {
  const context = await browser.context({ script: true })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await context.newPage()
  await page.goto(`${server.url}/mapillary/www/dashboard/developers`)
  await signUpFromHere(page)
  expect(new URL(page.url()).pathname).toBe('/applications')

  await page.getByText('Register application').click()
  await page.getByLabel('Name', { exact: true }).fill('Map feature API access')
  await page.getByLabel('Website', { exact: true }).fill('https://citygov.example/')
  await page.getByLabel('Callback URLs', { exact: true }).fill(callback)
  for (const scope of ['READ', 'WRITE', 'UPLOAD']) {
    await page.getByRole('checkbox', { name: new RegExp(`^${scope}\\b`) }).check()
  }
  await button(page, 'Register').click()

  // “Now the application access token will be available on the same page”
  const clientId = await text(page, '#client-id')
  const clientToken = await text(page, '#client-token')
  const clientSecret = await text(page, '#client-secret')

  // “you’ll see it listed in the table under the application name you chose”
  await page.getByRole('link', { name: 'Applications', exact: true }).click()
  const row = page.getByRole('row', { name: 'Map feature API access' })
  expect(
    await row
      .locator('td')
      .nth(await columnOf(page, 'Client token'))
      .innerText(),
  ).toContain(clientToken)

  // “Click on View then Copy to copy the url containing the client id”
  const cell = row.locator('td').nth(await columnOf(page, 'Authorization URL'))
  const copy = cell.getByRole('button', { name: 'Copy', exact: true })
  expect(await copy.isVisible()).toBe(false)
  await cell.getByText('View').click()
  await copy.click()
  await cell.getByText('Copied').waitFor()
  const authorizationUrl = await page.evaluate<string>('navigator.clipboard.readText()')
  await context.close()
  return { clientId, clientToken, clientSecret, authorizationUrl }
}

async function columnOf(page: Page, name: string): Promise<number> {
  const columns = await page.locator('thead th').allInnerTexts()
  expect(columns).toContain(name)
  return columns.indexOf(name)
}

/** From the sign-in page, on which whoever is not signed in finds themselves. */
async function signUpFromHere(page: Page): Promise<void> {
  expect(new URL(page.url()).pathname).toBe('/sign-in')
  const developer = newPerson('Grace Hopper')
  await page.click('#sign-up')
  await page.fill('#name', developer.name)
  await page.fill('#email', developer.email)
  await page.fill('#password', developer.password)
  await page.click('#submit')
  await page.goto((await readMail(server, developer.email, '/confirm')).link)
  await page.click('#submit')
  await completeSignIn(page, developer)
}

/**
 * “Paste that URL into your browser, and it will ask you to authorize your application”
 * @returns what the page that asks says, and what the address bar shows at the end
 */
async function answer(decision: 'Authorize' | 'Deny'): Promise<{ asked: string; address: string }> {
  const page = await browser.page()
  await signIn(server, page, bob)
  await page.goto(application.authorizationUrl)
  const asked = await text(page, 'main')
  const failed = page.waitForEvent('requestfailed')
  await button(page, decision).click()
  expect((await failed).failure()?.errorText).toBe('net::ERR_CONNECTION_REFUSED')
  await page.waitForURL('chrome-error://chromewebdata/')
  const session = await page.context().newCDPSession(page)
  const { currentIndex, entries } = await session.send('Page.getNavigationHistory')
  await page.context().close()
  return { asked, address: entries[currentIndex]!.url }
}

/** “a request to https://graph.mapillary.com/token endpoint” */
const token = (parameters: Record<string, string>) =>
  call(`${server.url}/mapillary/graph/token`, {
    method: 'POST',
    headers: {
      authorization: `OAuth ${application.clientSecret}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ ...parameters, client_id: application.clientId }),
  })

const read = (path: string, accessToken: string) =>
  call(`${server.url}/mapillary/graph${path}`, {
    headers: { authorization: `OAuth ${accessToken}` },
  })

it('registers an application and gives its token and authorization URL', () => {
  const { clientId, clientToken, authorizationUrl } = application
  expect(clientId).toMatch(/^\d+$/)
  expect(clientToken).toMatch(new RegExp(`^MG\\|${clientId}\\|[0-9a-f]{32}$`))
  expect(authorizationUrl).toBe(`${server.url}/mapillary/www/connect?client_id=${clientId}`)
})

it('shows no Copy button where no script runs, but all of what there is to copy', async () => {
  const page = await browser.page()
  await signIn(server, page, {
    name: 'Demo',
    email: server.sample.account_email,
    password: server.sample.account_password,
  })
  await page.goto(`${server.url}/applications`)
  expect(await page.getByText('Copy', { exact: true }).count()).toBe(0)
  await page.click('summary')
  const url = page.locator(`#authorization-url-${server.sample.client_id}`)
  expect(await url.innerText()).toContain(server.sample.client_id)
  await page.context().close()
})

it('tells the application of whoever denies it', async () => {
  const { address } = await answer('Deny')
  expect(new URL(address).searchParams.get('error')).toBe('user_denied')
  expect(address).not.toContain('code=')
})

it('goes from the authorization URL to a user access token, and to a new pair', async () => {
  const { asked, address } = await answer('Authorize')
  expect(asked).toContain('Map feature API access')
  // “based on the previously selected access scopes”
  for (const scope of ['read', 'write', 'upload']) expect(asked.split('\n')).toContain(scope)

  // “Even if the redirect fails ... the end of it has code={authorization_code}”
  expect(address.startsWith(`${callback}?`)).toBe(true)
  const code = /code=([^&]+)$/.exec(address)?.[1]
  expect(code).toBeTruthy()

  // “The application then receives user access token and refresh token”
  const first = await token({ grant_type: 'authorization_code', code: code! })
  expect(first.status, JSON.stringify(first.body)).toBe(200)
  expect(first.body['token_type']).toBe('bearer')

  // “so it can make the authorized requests on behalf of the user”
  const me = await read('/me?fields=id,username', first.body['access_token']!)
  expect(me.body['username']).toBe('Bob')
  const found = await read(`/${IMAGE}/detections?fields=id,value`, first.body['access_token']!)
  expect(found.body['data']!.length).toBeGreaterThan(0)

  // “with the refresh token, to receive a new pair of tokens”
  const second = await token({
    grant_type: 'refresh_token',
    refresh_token: first.body['refresh_token']!,
  })
  expect(second.status, JSON.stringify(second.body)).toBe(200)
  for (const name of ['access_token', 'refresh_token']) {
    expect(second.body[name]).toBeTruthy()
    expect(second.body[name]).not.toBe(first.body[name])
  }
  const again = await read('/me?fields=username', second.body['access_token']!)
  expect(again.body['username']).toBe('Bob')

  for (const pair of [first.body, second.body]) {
    expect(server.log()).not.toContain(pair['access_token'])
    expect(server.log()).not.toContain(pair['refresh_token'])
  }
  expect(server.log()).not.toContain(code)
  expect(server.log()).not.toContain(application.clientSecret)
})

describe('the samples', () => {
  const unissued = () => `MG|${application.clientId}|${'f'.repeat(32)}`
  /** null: Python and its `requests` are there; otherwise why the sample cannot be run. */
  let hindrance: string | null

  beforeAll(async () => {
    hindrance = await output('python3', ['-c', 'import requests'], '').then(
      () => null,
      (error: Error) => error.message.trim(),
    )
  })

  it.for(['python', 'javascript'] as const)(
    '%s prints the detections',
    async (language, { skip }) => {
      if (language === 'python' && hindrance !== null) skip(hindrance)
      const { data } = JSON.parse(await run(language, application.clientToken)) as Answer
      expect(data.length).toBeGreaterThan(0)
      expect(data).toEqual(data.map(() => DETECTION))
    },
  )

  it.for(['python', 'javascript'] as const)(
    '%s prints why it is refused',
    async (language, { skip }) => {
      if (language === 'python' && hindrance !== null) skip(hindrance)
      const { error } = JSON.parse(await run(language, unissued())) as Answer
      expect(error).toMatchObject(REFUSAL)
    },
  )

  it('get the same by what the Python one sends: its headers as parameters', async () => {
    const { data } = JSON.parse(await sendAsPython(application.clientToken)) as Answer
    expect(data.length).toBeGreaterThan(0)
    expect(data).toEqual(data.map(() => DETECTION))
    const { error } = JSON.parse(await sendAsPython(unissued())) as Answer
    expect(error).toMatchObject(REFUSAL)
  })

  it('leave no token in the log', async () => {
    // That a refusal is told shows that the log is not merely silent.
    await vi.waitFor(() => expect(server.log()).toContain('client_token_unknown'), 10_000)
    for (const token of [application.clientToken, unissued()]) {
      expect(server.log()).not.toContain(token.split('|')[2])
    }
    expect(server.log()).not.toMatch(/access_token=|Authorization=/)
  })
})

interface Answer {
  data: Record<string, string>[]
  error: object
}

const DETECTION = {
  id: expect.stringMatching(/^\d+$/),
  value: expect.stringMatching(/--/),
  created_at: expect.stringMatching(/^[\dT:-]+\+0000$/),
}

const REFUSAL = { message: 'Error validating application', code: 190 }

/** @returns what it prints, as JSON */
async function run(language: 'python' | 'javascript', clientToken: string): Promise<string> {
  if (language === 'javascript') {
    return output(process.execPath, [example('mapillary-article.js')], clientToken)
  }
  const printed = await output('python3', [example('mapillary-article.py')], clientToken)
  return printed.replaceAll("'", '"')
}

async function sendAsPython(clientToken: string): Promise<string> {
  const headers = new URLSearchParams({ Authorization: `OAuth ${clientToken}` })
  const query = `fields=id,value,created_at&access_token=${clientToken}&${headers.toString()}`
  const answer = await fetch(`${server.url}/mapillary/graph/${IMAGE}/detections?${query}`)
  return answer.text()
}

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

async function output(program: string, args: string[], clientToken: string): Promise<string> {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, MAPGATE_URL: server.url, CLIENT_TOKEN: clientToken },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (printed += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(errors)
  return printed
}
