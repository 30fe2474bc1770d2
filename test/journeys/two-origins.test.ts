import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { asked } from '../conformance/authorization.ts'
import { authorizationUrl } from '../conformance/person.ts'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { mapgate, type RunningServer } from '../support/server.ts'
import { type Callback, startCallback } from './callback.ts'
import { startPagesServer } from './pages-server.ts'
import { beginTotp, completeSignIn, newPerson, type Person, signIn, signUp } from './people.ts'

/**
 * An application whose callback takes the answer at one origin and leads on to another: Chromium
 * applies a page's `form-action` to that redirect too.
 */

let server: RunningServer
let browser: TestBrowser
/** Where the person sees the application. */
let application: Callback
/** Where it takes answers. */
let callback: Callback
let clientId: string
let person: Person
let blocked: string[]

beforeAll(async () => {
  server = await startPagesServer()
  browser = await openBrowser()
  application = await startCallback()
  callback = await startCallback({ leadsTo: application.url })
  await mapgate(server, 'customers', 'create', 'Demo', '--id', 'demo')
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Survey'],
    ...['--grant', 'authorization_code', '--redirect-uri', callback.url],
    ...['--post-logout-redirect-uri', callback.url],
  )
  clientId = created.id
  person = newPerson()
  await signUp(server, await browser.page(), person)
})
afterAll(async () => {
  await callback?.[Symbol.asyncDispose]()
  await application?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})
beforeEach(() => {
  blocked = []
})

async function newPage(options: { script?: boolean } = {}): Promise<Page> {
  const page = await browser.page(options)
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) blocked.push(message.text())
  })
  return page
}

const requestUrl = (changes: Record<string, string> = {}) =>
  authorizationUrl(server, asked({ clientId }, { redirect_uri: callback.url, ...changes }))

/** Where the browser ends, and what a policy of ours forbade on the way. */
async function endOf(page: Page): Promise<{ url: string; blocked: string[] }> {
  await page.waitForURL(application.url, { timeout: 10_000 }).catch(() => {})
  return { url: page.url(), blocked }
}

const atApplication = () => ({ url: application.url, blocked: [] })

it('is reached from the consent, whatever the person says', async () => {
  for (const decision of ['#deny', '#allow']) {
    const page = await newPage()
    await page.goto(requestUrl())
    await completeSignIn(page, person)
    await page.click(decision)
    expect(await endOf(page)).toEqual(atApplication())
    await page.context().close()
  }
})

it('is reached from the sign-in of whoever allowed it before', async () => {
  const page = await newPage()
  await page.goto(requestUrl())
  await completeSignIn(page, person)
  expect(await endOf(page)).toEqual(atApplication())
})

it('is reached from a second factor', async () => {
  const careful = newPerson()
  const page = await newPage()
  await signUp(server, page, careful)
  await signIn(server, page, careful)
  await page.goto(requestUrl())
  await page.click('#allow')
  expect(await endOf(page)).toEqual(atApplication())
  const { recoveryCodes } = await beginTotp(server, page)
  await page.goto(requestUrl({ prompt: 'login' }))
  await completeSignIn(page, careful)
  await page.click('#other-factor')
  await page.fill('#recovery_code', recoveryCodes[0]!)
  await page.click('#submit')
  expect(await endOf(page)).toEqual(atApplication())
})

it.each([false, true])('is reached by response_mode=form_post, script: %s', async (script) => {
  const page = await newPage({ script })
  await page.goto(requestUrl({ response_mode: 'form_post' }))
  await completeSignIn(page, person)
  if (!script) await page.click('#continue')
  expect(await endOf(page)).toEqual(atApplication())
})

it('is reached from the question whether to sign out', async () => {
  const page = await newPage()
  await signIn(server, page, person)
  const query = new URLSearchParams({
    client_id: clientId,
    post_logout_redirect_uri: callback.url,
  })
  await page.goto(`${server.url}/oauth2/end_session?${query.toString()}`)
  await page.click('#sign-out-submit')
  expect(await endOf(page)).toEqual(atApplication())
})
