import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { readMail } from '../support/outbox.ts'
import type { RunningServer } from '../support/server.ts'
import { startPagesServer } from './pages-server.ts'
import {
  beginTotp,
  completeSignIn,
  newPerson,
  type Person,
  registerApplication,
  signIn,
  signUp,
} from './people.ts'

/**
 * A picture of each page in `test-results/screenshots/`, for people to look at; what a machine can see
 * is checked: nothing is wider than the screen, nothing is logged as an error, nothing is asked of
 * another server.
 */
const FOLDER = 'test-results/screenshots'

/** Where nobody goes: the pages end before. */
const CALLBACK = 'http://localhost:4000/callback'

let server: RunningServer
let browser: TestBrowser
let developer: Person
/** Has an authenticator app. */
let careful: Person
let clientId: string

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true })
  server = await startPagesServer()
  browser = await openBrowser()
  const page = await browser.page()
  developer = newPerson('Grace Hopper')
  await signUp(server, page, developer)
  await signIn(server, page, developer)
  clientId = await registerApplication(server, page, {
    name: 'Street Survey',
    website: 'https://survey.example/',
    redirectUri: CALLBACK,
    scopes: ['read', 'upload'],
  })
  const other = await browser.page()
  careful = newPerson()
  await signUp(server, other, careful)
  await signIn(server, other, careful)
  await beginTotp(server, other)
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

it.each([
  { screen: 'phone', dark: false },
  { screen: 'phone', dark: true },
  { screen: 'desktop', dark: false },
  { screen: 'desktop', dark: true },
] as const)('$screen, dark: $dark', async ({ screen, dark }) => {
  const size = screen === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 900 }
  const context = await browser.context({ script: true, dark, ...size })
  const faults = watch(context)
  const page = await context.newPage()
  const shot = async (name: string) => {
    const path = join(FOLDER, `${name}-${screen}-${dark ? 'dark' : 'light'}.png`)
    await page.screenshot({ path, fullPage: true })
    const tooWide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(tooWide), name).toBe(0)
  }
  const visit = async (name: string, path: string) => {
    await page.goto(server.url + path)
    await shot(name)
  }
  await signUpPages(page, shot, visit)
  await linkPages(visit)
  await secondFactorPages(page, shot)
  const person = newPerson()
  await signUp(server, page, person)
  await consentPages(page, person, shot)
  await accountPages(page, visit)
  await context.close()
  expect(faults).toEqual([])
})

type Shot = (name: string) => Promise<void>
type Visit = (name: string, path: string) => Promise<void>

async function signUpPages(page: Page, shot: Shot, visit: Visit): Promise<void> {
  await visit('sign-in', '/sign-in')
  await completeSignIn(page, newPerson())
  await shot('sign-in-wrong')
  await visit('organisation', '/sign-in/organisation')
  await visit('sign-up', '/sign-up')
  await page.fill('#email', 'nonsense')
  await page.fill('#password', 'short')
  await page.click('#submit')
  await shot('sign-up-faults')
  const person = newPerson()
  await page.fill('#name', person.name)
  await page.fill('#email', person.email)
  await page.fill('#password', person.password)
  await page.click('#submit')
  await shot('check-your-mail')
  await page.goto((await readMail(server, person.email, '/confirm')).link)
  await shot('confirm')
  await page.click('#submit')
  await shot('confirmed')
  await visit('forgot-password', '/forgot-password')
  await page.fill('#email', person.email)
  await page.click('#submit')
  await page.goto((await readMail(server, person.email, '/reset-password')).link)
  await shot('reset-password')
}

async function linkPages(visit: Visit): Promise<void> {
  const setup = /\/setup\?token=\w+/.exec(server.log())?.[0]
  await visit('setup', setup ?? '')
  await visit('dead-link', '/confirm?token=x')
  await visit('start-over', '/consent?interaction=x')
  await visit('authorization-error', '/oauth2/authorize?client_id=nobody')
}

async function secondFactorPages(page: Page, shot: Shot): Promise<void> {
  await signIn(server, page, careful)
  await shot('second-factor')
  await page.fill('#code', '000000')
  await page.click('#submit')
  await shot('second-factor-wrong')
  await page.click('#other-factor')
  await shot('recovery-code')
}

async function consentPages(page: Page, person: Person, shot: Shot): Promise<void> {
  const detail = {
    type: 'map_data',
    actions: ['read', 'upload'],
    collections: ['places'],
    area: { type: 'Polygon', coordinates: [ISTHMUS] },
  }
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    scope: 'openid profile email offline_access read upload',
    code_challenge: 'c'.repeat(43),
    code_challenge_method: 'S256',
    authorization_details: JSON.stringify([detail]),
  })
  await page.goto(`${server.url}/oauth2/authorize?${query.toString()}`)
  await shot('sign-in-client')
  await completeSignIn(page, person)
  await shot('consent')
}

async function accountPages(page: Page, visit: Visit): Promise<void> {
  await visit('account', '/account')
  for (const part of ['security', 'sessions', 'consents', 'members']) {
    await visit(`account-${part}`, `/account/${part}`)
  }
  await visit('applications-empty', '/applications')
  await visit('application-new', '/applications/new')
  await visit('device', '/device')
  await visit('sign-out', '/sign-out')
  await page.click('#submit')
  await signIn(server, page, developer)
  await visit('applications', '/applications')
  await visit('application', `/applications/${clientId}`)
}

const ISTHMUS = [
  [-89.45, 43.03],
  [-89.32, 43.05],
  [-89.3, 43.1],
  [-89.38, 43.13],
  [-89.46, 43.09],
  [-89.45, 43.03],
]

/** Collects what no page may do. */
function watch(context: BrowserContext): string[] {
  const faults: string[] = []
  context.on('console', (message) => {
    // Chromium calls each answer of 400 and above an error.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      faults.push(message.text())
    }
  })
  context.on('request', (request) => {
    if (!request.url().startsWith(server.url)) faults.push(`a request to ${request.url()}`)
  })
  context.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (pathname.startsWith('/assets/') && response.status() !== 200) {
      faults.push(`${pathname} answers ${response.status()}`)
    }
  })
  context.on('weberror', (error) => faults.push(error.error().message))
  return faults
}
