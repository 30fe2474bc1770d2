import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { asked } from '../conformance/authorization.ts'
import { authorizationUrl } from '../conformance/person.ts'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { type RunningServer } from '../support/server.ts'
import { type Callback, startCallback } from './callback.ts'
import { type Focused, tabTo } from './keyboard.ts'
import { startPagesServer } from './pages-server.ts'
import { newPerson, type Person, signUp } from './people.ts'

/** By keyboard alone: no test here touches the mouse, or an element but by what has the focus. */

let server: RunningServer
let browser: TestBrowser
let callback: Callback
let person: Person
/** All that had the focus in the test. */
let way: Focused[]

beforeAll(async () => {
  server = await startPagesServer()
  browser = await openBrowser()
  callback = await startCallback()
  person = newPerson('Grace Hopper')
  await signUp(server, await browser.page(), person)
})
afterAll(async () => {
  await callback?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})
beforeEach(() => {
  way = []
})

async function go(page: Page, id: string): Promise<void> {
  way.push(...(await tabTo(page, id)))
}

async function type(page: Page, id: string, text: string): Promise<void> {
  await go(page, id)
  await page.keyboard.type(text)
}

/** Presses a key that leads to another page, and waits for that. */
async function press(page: Page, key: 'Enter' | 'Space'): Promise<void> {
  const arrived = page.waitForEvent('load')
  await page.keyboard.press(key)
  await arrived
}

async function signIn(page: Page): Promise<void> {
  await type(page, 'email', person.email)
  await type(page, 'password', person.password)
  await press(page, 'Enter')
}

const names = () => way.map(({ name }) => name)

/** What could not be seen, or came before its turn. */
const lost = () => way.filter(({ visible, inOrder }) => !visible || !inOrder)

let clientId: string

it('signs in and registers an application', async () => {
  const page = await browser.page()
  await page.goto(`${server.url}/applications/new`)
  await signIn(page)
  // Whoever does not want to walk through the navigation each time jumps over it.
  expect(names()).toEqual(['Skip to the content', 'email', 'password'])

  await type(page, 'name', 'Street Survey')
  await type(page, 'redirect_uris', callback.url)
  for (const scope of ['write', 'upload']) {
    await go(page, `scope_${scope}`)
    await page.keyboard.press('Space')
  }
  // One stop for all radio buttons; arrows choose.
  await go(page, 'type_confidential')
  await page.keyboard.press('ArrowDown')
  await go(page, 'register')
  await press(page, 'Space')
  expect(await page.locator('h1').innerText()).toContain('Street Survey')
  clientId = await page.locator('#client-id').innerText()
  expect(await page.locator('#client-secret').count()).toBe(0)
  await go(page, 'go-on')
  await press(page, 'Enter')
  expect(new URL(page.url()).pathname).toBe(`/applications/${clientId}`)
  for (const scope of ['read', 'write', 'upload']) {
    expect(await page.isChecked(`#scope_${scope}`), scope).toBe(true)
  }
  expect(lost()).toEqual([])
})

it('signs in and lets an application in, or does not', async () => {
  for (const [decision, parameter] of [
    ['deny', 'error'],
    ['allow', 'code'],
  ] as const) {
    const page = await browser.page()
    const changes = { redirect_uri: callback.url }
    await page.goto(authorizationUrl(server, asked({ clientId }, changes)))
    await signIn(page)
    await go(page, decision)
    await press(page, decision === 'allow' ? 'Enter' : 'Space')
    expect(new URL(page.url()).searchParams.has(parameter)).toBe(true)
    await page.context().close()
  }
  expect(lost()).toEqual([])
})

it('skips to the content, and from a fault to its field', async () => {
  const page = await browser.page()
  await page.goto(`${server.url}/sign-in`)
  await signIn(page)
  await page.goto(`${server.url}/applications/new`)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await go(page, 'name')
  expect(names().slice(3)).toEqual(['name'])
  await go(page, 'register')
  await press(page, 'Enter')
  const fault = await page.locator('#error-summary a').first().innerText()
  way = []
  await go(page, fault)
  await page.keyboard.press('Enter')
  expect(await page.evaluate('document.activeElement.id')).toBe('name')
  expect(lost()).toEqual([])
})
