import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asked, STATE } from '../conformance/authorization.ts'
import { authorizationUrl } from '../conformance/person.ts'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { mapgate, type RunningServer } from '../support/server.ts'
import { startPagesServer } from './pages-server.ts'
import { completeSignIn, newPerson, type Person, signIn, signUp } from './people.ts'

/** An application on another site: it sends its request as a form, and gets the answer as one. */
interface Application extends AsyncDisposable {
  url: string
  /** What its callback got. */
  answers: URLSearchParams[]
}

let server: RunningServer
let browser: TestBrowser
let application: Application
let clientId: string
let person: Person

beforeAll(async () => {
  server = await startPagesServer()
  browser = await openBrowser()
  application = await startApplication()
  await mapgate(server, 'customers', 'create', 'Demo', '--id', 'demo')
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Survey'],
    ...['--grant', 'authorization_code', '--redirect-uri', `${application.url}/callback`],
  )
  clientId = created.id
  person = newPerson()
  await signUp(server, await browser.page(), person)
})
afterAll(async () => {
  await application[Symbol.asyncDispose]()
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function startApplication(): Promise<Application> {
  const answers: URLSearchParams[] = []
  const http = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      if (request.method === 'POST') answers.push(new URLSearchParams(body))
      const fields = Object.entries(request.method === 'POST' ? {} : parameters())
      const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`)
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(
        `<!doctype html><title>Survey</title><h1>${request.method === 'POST' ? 'Back' : 'Begin'}</h1>
        <form method="post" action="${server.url}/oauth2/authorize">${inputs.join('')}<button id="begin">Begin</button></form>`,
      )
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    // The server is `localhost`: another site, from which browsers send no cookies with a form.
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    answers,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

const parameters = () =>
  asked({ clientId }, { redirect_uri: `${application.url}/callback`, response_mode: 'form_post' })

/** What the callback got, once the browser is there. */
async function answerAt(page: Page): Promise<Record<string, string>> {
  await page.waitForURL(`${application.url}/callback`)
  expect(await page.locator('h1').innerText()).toBe('Back')
  return Object.fromEntries(application.answers.at(-1)!)
}

const answer = () => ({
  code: expect.stringMatching(/^mgc_/),
  state: STATE,
  iss: server.url,
})

it('brings the answer as a form by a button, where no script runs', async () => {
  const page = await browser.page()
  await page.goto(authorizationUrl(server, parameters()))
  await completeSignIn(page, person)
  await page.click('#allow')
  await page.click('#continue')
  expect(await answerAt(page)).toEqual(answer())
})

it('presses the button by itself where scripts run, under its content security policy', async () => {
  const page = await browser.page({ script: true })
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  await page.goto(authorizationUrl(server, { ...parameters(), prompt: 'consent' }))
  await completeSignIn(page, person)
  await page.click('#allow')
  expect(await answerAt(page)).toEqual(answer())
  expect(complaints).toEqual([])
})

it('knows a person again whom another site sends along with a form', async () => {
  const page = await browser.page({ script: true })
  await signIn(server, page, person)
  await page.waitForURL(/\/account/)
  await page.goto(application.url)
  await page.click('#begin')
  // Neither sign-in nor consent: both were there before.
  expect(await answerAt(page)).toEqual(answer())
})
