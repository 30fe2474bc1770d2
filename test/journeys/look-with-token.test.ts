import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  feature,
  importFeatures,
  type MapServer,
  newToken,
  square,
  startMapServer,
} from '../conformance/map-data.ts'
import { openBrowser, type TestBrowser, type VisitorOptions } from '../support/browser.ts'
import { accessibilityFaults } from './accessibility.ts'

/** A person looks at a collection that is not open, with a token, and stops. */

const FOLDER = 'test-results/screenshots'

let server: MapServer
let browser: TestBrowser
let token: string

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true })
  ;[server, browser] = await Promise.all([startMapServer(), openBrowser()])
  const features = Array.from({ length: 9 }, (_, index) =>
    feature(`block-${index}`, square(index * 2, 0), { name: `Block ${index}` }),
  )
  await importFeatures(server, 'blocks', features, '--title', 'Blocks')
  token = (await newToken(server, 'read')).token
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

const heading = (page: Page) => page.locator('h1').innerText()

describe.each<VisitorOptions & { name: string }>([
  { name: 'desktop', script: true },
  { name: 'phone', script: true, width: 390, height: 844, dark: true },
])('$name', ({ name, ...options }) => {
  it('looks with a token, at the map too, and stops', async () => {
    const page = await browser.page(options)
    const requests: string[] = []
    const fetched: [name: string, status: number][] = []
    const complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('response', (response) => {
      if (response.request().resourceType() !== 'fetch') return
      const { pathname } = new URL(response.url())
      fetched.push([pathname.replace(/.*\//, ''), response.status()])
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    const shot = async (picture: string) => {
      await page.screenshot({ path: join(FOLDER, `${picture}-${name}.png`), fullPage: true })
      expect(await accessibilityFaults(page)).toEqual([])
      const width = await page.evaluate<number>('document.documentElement.scrollWidth')
      expect(width).toBeLessThanOrEqual(options.width ?? 1280)
    }

    await page.goto(`${server.url}/maps/collections`)
    expect(await page.locator('.card').count()).toBe(0)
    await page.locator('summary').click()
    await shot('look')
    await page.fill('#access_token', token)
    await page.click('#look')
    await page.getByRole('link', { name: 'Blocks' }).click()
    expect(await heading(page)).toBe('Blocks')
    await page.waitForSelector('#map[data-drawn]')
    await shot('look-collection')
    await page.click('#browse')
    await page.waitForSelector('#map[data-drawn]')
    await page.getByRole('link', { name: 'block-4', exact: true }).click()
    expect(await heading(page)).toBe('Block 4')
    await page.waitForSelector('#map[data-drawn]')
    expect(requests.filter((url) => url.includes(token))).toEqual([])
    // What the maps show.
    const names = fetched.map(([name]) => name.replace(/^\d+/, ''))
    expect(new Set(names)).toEqual(new Set(['tilejson.json', '.pbf', 'items', 'block-4']))
    expect(fetched.filter(([, status]) => status >= 300)).toEqual([])
    expect(await page.evaluate('document.cookie')).toBe('')

    await page.click('#stop')
    expect(await heading(page)).toBe('Collections')
    expect(await page.locator('.card').count()).toBe(0)
    await page.goto(`${server.url}/maps/collections/blocks`)
    expect(await heading(page)).toBe('Look with a token')
    await page.fill('#access_token', 'none.of-ours')
    await page.click('#look')
    expect(await heading(page)).toBe('The token is refused')
    await shot('look-refused')
    expect(complaints).toEqual([])
  })
})

it('needs no script', async () => {
  const page = await browser.page()
  await page.goto(`${server.url}/maps/collections/blocks`)
  await page.fill('#access_token', token)
  await page.click('#look')
  expect(await heading(page)).toBe('Blocks')
  await page.click('#browse')
  expect(await page.locator('tbody tr').count()).toBe(9)
  await page.click('#stop')
  expect(await page.locator('.card').count()).toBe(0)
})
