import { createHash } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { readMail } from '../support/outbox.ts'
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

let server: RunningServer
let browser: TestBrowser
let callback: Callback
let clientId: string
let person: Person

beforeAll(async () => {
  server = await startPagesServer()
  browser = await openBrowser()
  callback = await startCallback()
  const page = await browser.page()
  const developer = newPerson('Grace Hopper')
  await signUp(server, page, developer)
  await signIn(server, page, developer)
  clientId = await registerApplication(server, page, {
    name: 'Street Survey',
    website: 'https://survey.example/',
    redirectUri: callback.url,
    scopes: ['read', 'upload'],
  })
  person = newPerson()
  await signUp(server, await browser.page(), person)
})
afterAll(async () => {
  await callback[Symbol.asyncDispose]()
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const text = (page: Page, selector: string) => page.locator(selector).innerText()

function authorizationUrl(parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callback.url,
    scope: 'read',
    state: 'some state',
    code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })
  return `${server.url}/oauth2/authorize?${query.toString()}`
}

/** What came back to the application, once the browser is there: a click returns before. */
async function answerOf(page: Page): Promise<URLSearchParams> {
  await page.waitForURL((url) => url.href.startsWith(callback.url))
  return new URL(page.url()).searchParams
}

/** A browser of this person, signed in. */
async function visitor(who: Person): Promise<Page> {
  const page = await browser.page()
  await signIn(server, page, who)
  return page
}

it('asks for consent, naming who asks for what, and brings the code back', async () => {
  const page = await browser.page()
  await page.goto(authorizationUrl())
  expect(await text(page, '#client')).toContain('Street Survey')
  await completeSignIn(page, person)
  expect(await text(page, 'h1')).toBe('Authorize Street Survey?')
  expect(await text(page, '#client-owner')).toContain('Grace Hopper')
  expect(await text(page, '#client-owner')).toContain('survey.example')
  expect(await text(page, '#scopes')).toContain('Read map data')
  expect(await text(page, '#person')).toContain(person.email)
  await page.click('#allow')
  const answer = await answerOf(page)
  expect(answer.get('code')).toBeTruthy()
  expect(answer.get('state')).toBe('some state')
  expect(answer.get('iss')).toBe(server.url)
})

it('remembers, and asks again when more is wanted', async () => {
  const page = await visitor(person)
  await page.goto(authorizationUrl())
  expect((await answerOf(page)).get('code')).toBeTruthy()
  await page.goto(authorizationUrl({ scope: 'read upload' }))
  expect(await text(page, '#asks')).toContain('more than you allowed before')
  expect(await page.locator('#scopes .badge').count()).toBe(1)
  await page.click('#deny')
  expect((await answerOf(page)).get('error')).toBe('access_denied')
  await page.goto(authorizationUrl({ prompt: 'consent' }))
  expect(await text(page, '#asks')).toContain('asks for your permission')
})

it('shows what a request is limited to, with a sketch of the area', async () => {
  const page = await visitor(person)
  const detail = {
    type: 'map_data',
    actions: ['read'],
    collections: ['places'],
    area: {
      type: 'Polygon',
      coordinates: [
        [
          [-89.45, 43.03],
          [-89.3, 43.03],
          [-89.3, 43.13],
          [-89.45, 43.03],
        ],
      ],
    },
  }
  await page.goto(
    authorizationUrl({ prompt: 'consent', authorization_details: JSON.stringify([detail]) }),
  )
  expect(await text(page, '#detail-1')).toContain('places')
  expect(await text(page, '#detail-1 figcaption')).toContain('-89.450° to -89.300°')
  expect(await page.locator('#detail-1 svg .area').getAttribute('d')).toMatch(/^M[\d.]+ /)
  await page.click('#allow')
  expect((await answerOf(page)).get('code')).toBeTruthy()
})

it('asks for a fresh sign-in where the application wants one', async () => {
  const page = await visitor(person)
  await page.goto(authorizationUrl({ prompt: 'login', scope: 'read upload' }))
  expect(await text(page, 'main')).toContain('Sign in again')
  await completeSignIn(page, person)
  await page.click('#allow')
  expect((await answerOf(page)).get('code')).toBeTruthy()
})

it('lets nobody take up what another browser began', async () => {
  const attacker = await browser.page()
  await attacker.goto(authorizationUrl({ prompt: 'consent' }))
  const begun = new URL(attacker.url())
  const victim = await visitor(person)
  for (const path of [
    '/sign-in',
    '/consent',
    '/sign-out',
    '/sign-up',
    '/oauth2/authorize/resume',
  ]) {
    const answer = await victim.goto(`${server.url}${path}${begun.search}`)
    expect(answer?.status(), path).toBe(400)
    expect(await victim.locator('form[action="/consent"]').count()).toBe(0)
  }
})

it('lets nobody take up what another person took up in the same browser', async () => {
  const page = await visitor(person)
  await page.goto(authorizationUrl({ prompt: 'consent' }))
  const consentPage = page.url()
  await page.goto(`${server.url}/account`)
  await page.click('#sign-out')
  const other = newPerson('Mallory')
  await signUp(server, page, other)
  await signIn(server, page, other)
  await page.goto(consentPage)
  expect(await text(page, 'h1')).toBe('Please start over')
})

it('offers to sign out to whom it is not', async () => {
  const page = await visitor(person)
  await page.goto(authorizationUrl({ prompt: 'consent' }))
  await page.click('#not-you')
  expect(await text(page, 'h1')).toBe('You are signed out')
  expect(await text(page, 'main')).toContain('Street Survey')
  await page.goto(`${server.url}/account`)
  expect(page.url()).toContain('/sign-in')
})

it('leads through sign-up and confirmation to the consent', async () => {
  const page = await browser.page()
  await page.goto(authorizationUrl())
  await page.click('#sign-up')
  const other = newPerson('Katherine Johnson')
  await page.fill('#name', other.name)
  await page.fill('#email', other.email)
  await page.fill('#password', other.password)
  await page.click('#submit')
  await page.goto((await readMail(server, other.email)).link)
  await page.click('#submit')
  await completeSignIn(page, other)
  await page.click('#allow')
  expect((await answerOf(page)).get('code')).toBeTruthy()
})
