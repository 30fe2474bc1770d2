import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { mapgate } from '../support/server.ts'
import { accessibilityFaults } from './accessibility.ts'
import { type Callback, startCallback } from './callback.ts'
import { startPagesServer } from './pages-server.ts'
import { beginTotp, newPerson, registerApplication, signIn, signUp } from './people.ts'
import { accountScene, applicationScene, memberScene, totpScene } from './scenes/account-scenes.ts'
import { consentScene, deviceScene } from './scenes/consent-scenes.ts'
import { deliveryScene, linkScene, refusalScene } from './scenes/error-scenes.ts'
import type { Cast, Scene, Stage } from './scenes/scene.ts'
import {
  organisationScene,
  secondFactorScene,
  signOutScene,
  signUpScene,
} from './scenes/sign-in-scenes.ts'

/**
 * A picture of each page in `test-results/screenshots/`, for people to look at; what a machine can see
 * is checked: nothing is wider than the screen, nothing breaks WCAG 2.2 A or AA, nothing is logged as
 * an error, nothing is asked of another server.
 */
const FOLDER = 'test-results/screenshots'

const SCENES: Record<string, Scene> = {
  'sign-up': signUpScene,
  organisation: organisationScene,
  'second factor': secondFactorScene,
  consent: consentScene,
  device: deviceScene,
  'sign-out': signOutScene,
  account: accountScene,
  'authenticator app': totpScene,
  applications: applicationScene,
  members: memberScene,
  links: linkScene,
  delivery: deliveryScene,
  refusals: refusalScene,
}

let cast: Cast
let browser: TestBrowser
let callback: Callback

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true })
  const server = await startPagesServer()
  browser = await openBrowser()
  callback = await startCallback()
  const page = await browser.page()
  const developer = newPerson('Grace Hopper')
  await signUp(server, page, developer)
  await signIn(server, page, developer)
  const clientId = await registerApplication(server, page, {
    name: 'Street Survey',
    website: 'https://survey.example/',
    redirectUri: callback.url,
    scopes: ['read', 'upload'],
  })
  await page.click('#go-on')
  await page.fill('#post_logout_redirect_uris', 'https://survey.example/bye')
  await page.click('#save')
  const other = await browser.page()
  const careful = newPerson()
  await signUp(server, other, careful)
  await signIn(server, other, careful)
  await beginTotp(server, other)
  await mapgate(server, 'customers', 'create', 'Demo', '--id', 'demo')
  const device = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Bus stop display'],
    ...['--type', 'public', '--grant', 'device_code', '--scope', 'read'],
  )
  await mapgate(
    { environment: { ...server.environment, MAPGATE_IDENTITY_PROVIDER_SECRET: 'x' } },
    ...['identity-providers', 'create', 'gone', '--customer', 'demo', '--client-id', 'x'],
    ...['--issuer', 'https://127.0.0.1:9', '--domain', 'gone.example'],
  )
  cast = {
    server,
    developer,
    clientId,
    callbackUrl: callback.url,
    careful,
    deviceClientId: device.id,
    providerId: 'gone',
  }
})
afterAll(async () => {
  await callback?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await cast?.server[Symbol.asyncDispose]()
})

describe.each([
  { screen: 'phone', dark: false },
  { screen: 'phone', dark: true },
  { screen: 'desktop', dark: false },
  { screen: 'desktop', dark: true },
] as const)('$screen, dark: $dark', ({ screen, dark }) => {
  it.each(Object.keys(SCENES))('%s', { timeout: 120_000 }, async (name) => {
    const size = screen === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 900 }
    const context = await browser.context({ script: true, dark, ...size })
    const faults = watch(context, [cast.server.url, callback.url])
    const page = await context.newPage()
    const shot = async (picture: string) => {
      const path = join(FOLDER, `${picture}-${screen}-${dark ? 'dark' : 'light'}.png`)
      // Scripts run by then: the copy buttons are theirs.
      await page.waitForLoadState('load')
      await page.screenshot({ path, fullPage: true })
      const tooWide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      const excess = await page.evaluate<number>(tooWide)
      if (excess > 0) faults.push(`${picture}: ${excess} pixels too wide`)
      const found = await accessibilityFaults(page)
      faults.push(...found.map((fault) => `${picture}: ${fault}`))
    }
    const visit = async (picture: string, path: string) => {
      await page.goto(cast.server.url + path)
      await shot(picture)
    }
    const stage: Stage = { ...cast, page, shot, visit }
    try {
      await SCENES[name]!(stage)
    } finally {
      await context.close()
    }
    expect(faults).toEqual([])
  })
})

/** Collects what no page may do. */
function watch(context: BrowserContext, known: readonly string[]): string[] {
  const faults: string[] = []
  context.on('console', (message) => {
    // Chromium calls each answer of 400 and above an error.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      faults.push(message.text())
    }
  })
  context.on('request', (request) => {
    const url = request.url()
    if (!known.some((start) => url.startsWith(start))) faults.push(`a request to ${url}`)
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
