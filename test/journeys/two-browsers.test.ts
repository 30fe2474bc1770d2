import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import type { RunningServer } from '../support/server.ts'
import { type Callback, startCallback } from './callback.ts'
import { startPagesServer } from './pages-server.ts'
import {
  completeSignIn,
  newPerson,
  type Person,
  registerApplication,
  signIn,
  signUp,
} from './people.ts'

/** What one browser or person begins, and another one goes on with. */

let server: RunningServer
let browser: TestBrowser
let callback: Callback
let clientId: string

beforeAll(async () => {
  server = await startPagesServer()
  browser = await openBrowser()
  callback = await startCallback()
  const { page } = await newVisitor('Grace Hopper')
  clientId = await registerApplication(server, page, {
    name: 'Street Survey',
    redirectUri: callback.url,
    scopes: ['read'],
  })
})
afterAll(async () => {
  await callback?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const text = (page: Page, selector: string) => page.locator(selector).innerText()

interface Visitor {
  page: Page
  /** What the application got through this browser: a query each. */
  answers: URLSearchParams[]
}

async function visitor(): Promise<Visitor> {
  const context = await browser.context()
  const answers: URLSearchParams[] = []
  context.on('request', (request) => {
    if (request.url().startsWith(callback.url)) answers.push(new URL(request.url()).searchParams)
  })
  return { page: await context.newPage(), answers }
}

/** Somebody who has just signed up, signed in. */
async function newVisitor(name?: string): Promise<Visitor & { person: Person }> {
  const found = await visitor()
  const person = newPerson(name)
  await signUp(server, found.page, person)
  await signIn(server, found.page, person)
  return { ...found, person }
}

const authorizationUrl = () => `${server.url}/mapillary/www/connect?client_id=${clientId}`

/** @returns the page of the interaction that begins, as `?interaction=...` */
async function begin(page: Page): Promise<string> {
  await page.goto(authorizationUrl())
  return new URL(page.url()).search
}

/** Going elsewhere earlier fails: the page is just being left. */
const arrived = (page: Page) => page.waitForURL((url) => url.href.startsWith(callback.url))

async function allow(page: Page): Promise<void> {
  await page.click('#allow')
  await arrived(page)
}

const pagesOf = (interaction: string) =>
  ['/sign-in', '/consent', '/mapillary/www/connect/resume'].map(
    (path) => `${server.url}${path}${interaction}`,
  )

/** Gives one browser the cookie by which another one is known, as a neighbouring host could. */
async function plantBrowserCookie(from: BrowserContext, into: BrowserContext): Promise<void> {
  const cookies = await from.cookies(server.url)
  const planted = cookies.filter(({ name }) => name.endsWith('mapgate-browser'))
  expect(planted.length).toBe(1)
  await into.addCookies(planted)
}

it.each(['signed in', 'not signed in'])(
  'lets nobody go on with what an attacker began, who is %s',
  async (state) => {
    const attacker = state === 'signed in' ? await newVisitor('Mallory') : await visitor()
    const victim = await newVisitor()
    const interaction = await begin(attacker.page)
    for (const url of pagesOf(interaction)) {
      expect((await victim.page.goto(url))?.status(), url).toBe(400)
    }
    expect(victim.answers).toEqual([])

    // A form of the victim's own, which is right but for the interaction.
    await begin(victim.page)
    const id = new URLSearchParams(interaction).get('interaction')
    await victim.page.locator('input[name=interaction]').first().waitFor({ state: 'attached' })
    const answered = await sendAltered(victim.page, id!)
    expect(answered).toBe(400)
    expect(victim.answers).toEqual([])

    // The attacker has what they had before: a request that nobody has answered.
    await attacker.page.goto(pagesOf(interaction).at(-1)!)
    expect(new URL(attacker.page.url()).pathname).toBe(
      state === 'signed in' ? '/consent' : '/sign-in',
    )
    expect(attacker.answers).toEqual([])
  },
)

/** Sends the consent form of this page with another interaction. @returns the status */
async function sendAltered(page: Page, interaction: string): Promise<number> {
  const fields = new Map<string, string>()
  for (const input of await page.locator('#consent-form input[type=hidden]').all()) {
    fields.set((await input.getAttribute('name'))!, await input.inputValue())
  }
  expect([...fields.keys()]).toContain('interaction')
  const form = Object.fromEntries(fields.set('interaction', interaction).set('decision', 'allow'))
  const answer = await page.request.post(`${server.url}/consent`, {
    form,
    headers: { origin: server.url },
    maxRedirects: 0,
  })
  return answer.status()
}

it('gives an attacker nothing of what the victim allows, even with the same browser cookie', async () => {
  const attacker = await visitor()
  const mallory = newPerson('Mallory')
  await signUp(server, attacker.page, mallory)
  const victim = await visitor()
  const person = newPerson()
  await signUp(server, victim.page, person)
  const interaction = await begin(attacker.page)
  await plantBrowserCookie(attacker.page.context(), victim.page.context())
  const [signInPage, consentPage, resume] = pagesOf(interaction) as [string, string, string]

  await victim.page.goto(signInPage)
  await completeSignIn(victim.page, person)
  expect(await text(victim.page, '#person')).toContain(person.email)
  // The victim's browser stops between the answer and the code.
  await victim.page.route('**/consent', async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 })
    expect(answer.headers()['location']).toContain('/connect/resume')
    await route.abort()
  })
  const stopped = victim.page.waitForEvent('requestfailed')
  await victim.page.click('#allow')
  await stopped

  for (const url of [resume, consentPage, signInPage]) {
    await attacker.page.goto(url)
    expect(attacker.answers, url).toEqual([])
  }
  await attacker.page.goto(signInPage)
  await completeSignIn(attacker.page, mallory)
  await attacker.page.goto(resume)
  expect(attacker.answers).toEqual([])
})

it('goes on in one browser while the session of another one is ended', async () => {
  const { page: first, answers, person } = await newVisitor()
  const { page: second, answers: others } = await visitor()
  await signIn(server, second, person)
  await begin(first)
  expect(await text(first, 'h1')).toContain('Street Survey')

  await second.goto(`${server.url}/account/sessions`)
  await second.click('#end-others')
  await first.click('#allow')
  expect(await text(first, 'h1')).toBe('This form has expired')
  expect(answers).toEqual([])

  await begin(second)
  await allow(second)
  expect(others.map((query) => query.has('code'))).toEqual([true])

  // Whoever signs in again goes on where they were.
  await first.goBack()
  expect(new URL(first.url()).pathname).toBe('/sign-in')
  await completeSignIn(first, person)
  await arrived(first)
  expect(answers.map((query) => query.has('code'))).toEqual([true])
})

it('signs out in one browser only', async () => {
  const { page: first, person } = await newVisitor()
  const { page: second } = await visitor()
  await signIn(server, second, person)
  await first.click('#sign-out')
  await first.goto(`${server.url}/account`)
  expect(new URL(first.url()).pathname).toBe('/sign-in')
  await second.goto(`${server.url}/account`)
  expect(new URL(second.url()).pathname).toBe('/account')
})

it('issues no second code to who goes back, or answers in a second tab', async () => {
  const { page, answers } = await newVisitor()
  const interaction = await begin(page)
  const consentPage = page.url()
  const tab = await page.context().newPage()
  await tab.goto(consentPage)
  await allow(page)
  expect(answers.length).toBe(1)

  await page.goBack()
  expect(page.url()).toBe(consentPage)
  expect(await text(page, 'h1')).toBe('Please start over')
  await tab.click('#allow')
  expect(await text(tab, 'h1')).toBe('Please start over')
  for (const url of pagesOf(interaction)) expect((await page.goto(url))?.status(), url).toBe(400)
  expect(answers.length).toBe(1)
})
