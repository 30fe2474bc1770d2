import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type TestBrowser, type VisitorOptions } from '../support/browser.ts'
import {
  feature,
  importFeatures,
  type MapServer,
  newToken,
  square,
  startMapServer,
} from './map-data.ts'
import { bearer } from './requests.ts'

/** The pages of map data, for people (17-069r4 §8.2). */

let server: MapServer
let browser: TestBrowser
let token: string

const MARKUP = '<img src=x onerror=alert(1)> & "quotes"'
const blocks = Array.from({ length: 12 }, (_, index) =>
  feature(`block-${index}`, square(index * 2, 0), {
    name: index === 1 ? MARKUP : `Block ${index}`,
    site: index === 2 ? 'javascript:alert(1)' : 'https://example.com/',
    extra: index === 3 ? { a: [1] } : null,
  }),
)

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startMapServer(), openBrowser()])
  const words = ['--title', 'Blocks', '--attribution', `City of ${MARKUP}`]
  await importFeatures(server, 'blocks', blocks, '--visibility', 'open', ...words)
  await importFeatures(server, 'hidden', [feature('secret', square(0, 0))])
  token = (await newToken(server, 'read')).token
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** @returns the page and what its browser complained of */
async function open(path: string, options?: VisitorOptions) {
  const page = await browser.page(options)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  const answer = await page.goto(`${server.url}/maps${path}`)
  return { page, complaints, status: answer!.status(), headers: answer!.headers() }
}

const heading = (page: Page) => page.locator('h1').innerText()

/** How many colours there are in the map's middle row, as it is seen. */
async function coloursOfMap(page: Page): Promise<number> {
  const picture = (await page.locator('#map canvas').screenshot()).toString('base64')
  return page.evaluate<number>(`(async () => {
    const bytes = Uint8Array.from(atob('${picture}'), (character) => character.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
    context.drawImage(image, 0, 0)
    const row = context.getImageData(0, image.height >> 1, image.width, 1).data
    return new Set(new Uint32Array(row.buffer)).size
  })()`)
}

const hrefsOf = (page: Page, selector: string) =>
  page.locator(selector).evaluateAll((all) => all.map((each) => each.getAttribute('href') ?? ''))

it('has no more than 1,000 features, and goes on behind them', async () => {
  const many = Array.from({ length: 1_001 }, (_, index) =>
    feature(`m${index}`, square(index / 10, 0), { name: `M ${index}` }),
  )
  await importFeatures(server, 'many', many)
  const url = `${server.url}/maps/collections/many/items?limit=5000`
  const answer = await fetch(url, { headers: { ...bearer(token), accept: 'text/html' } })
  const text = await answer.text()
  expect(text.match(/<th scope="col">/g)!.length).toBeGreaterThan(1)
  expect(text.match(/<tr>/g)).toHaveLength(1_001)
  expect(text).toMatch(/id="next"/)
  // What the map shows is what the table does.
  const features = /data-features="([^"]+)"/.exec(text)![1]!.replaceAll('&#38;', '&')
  expect(new URL(features, url).searchParams.get('limit')).toBe('1000')
})

describe('without script', () => {
  it('leads from the landing page to a feature, and through the pages', async () => {
    const { page, headers } = await open('')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    await page.click('#show-collections')
    expect(await heading(page)).toBe('Collections')
    expect(await page.locator('.card').count()).toBe(1)
    await page.getByRole('link', { name: 'Blocks' }).click()
    expect(await heading(page)).toBe('Blocks')
    await page.click('#browse')
    expect(await page.locator('tbody tr').count()).toBe(12)
    await page.getByRole('link', { name: 'block-1', exact: true }).click()
    // The name is shown as it is.
    expect(await heading(page)).toBe(MARKUP)
    expect(await page.locator('main img').count()).toBe(0)
    await page.goto(`${server.url}/maps/collections/blocks/items?limit=5`)
    expect(await page.locator('.lead').innerText()).toContain('5 of 12 features')
    const first: string[] = []
    for (;;) {
      first.push(...(await page.locator('tbody tr td:first-child').allInnerTexts()))
      if ((await page.locator('#next').count()) === 0) break
      await page.click('#next')
    }
    expect(first).toEqual(blocks.map(({ id }) => id))
    await page.click('#first')
    expect(await page.locator('tbody tr').count()).toBe(5)
  })

  it('makes links of web addresses alone', async () => {
    const { page } = await open('/collections/blocks/items?limit=5')
    const links = await hrefsOf(page, 'tbody a')
    expect(links.filter((href) => href === 'https://example.com/')).toHaveLength(4)
    expect(links.filter((href) => href.startsWith('javascript:'))).toEqual([])
    expect(await page.locator('tbody').innerText()).toContain('{"a":[1]}')
  })

  it('says what is not there, or needs a token', async () => {
    const absent = await open('/collections/blocks/items/none')
    expect([absent.status, absent.headers['content-type']]).toEqual([
      404,
      'text/html; charset=utf-8',
    ])
    const hidden = await open('/collections/hidden')
    expect([hidden.status, hidden.headers['www-authenticate']]).toEqual([
      401,
      expect.stringMatching(/^Bearer /),
    ])
    const wrong = await open('/collections/blocks/items?limit=0')
    expect([wrong.status, await wrong.page.locator('main').innerText()]).toEqual([
      400,
      expect.stringContaining('limit'),
    ])
    const nothing = await open('/collections/blocks/items?bbox=50,50,51,51')
    expect(await nothing.page.locator('.empty').count()).toBe(1)
    expect(await nothing.page.locator('#map').count()).toBe(0)
  })

  it('carries a token on only if it came in the query', async () => {
    const { page } = await open(`/collections/hidden/items?access_token=${token}`)
    const links = await hrefsOf(page, 'main a')
    expect(links.filter((href) => !href.includes(`access_token=${token}`))).toEqual([])
    await page.getByRole('link', { name: 'secret' }).click()
    expect(await heading(page)).toBe('secret')
    const inHeader = await fetch(`${server.url}/maps/collections/hidden/items?f=html`, {
      headers: bearer(token),
    })
    expect(await inHeader.text()).not.toContain(token)
  })

  it.each([
    '',
    '/conformance',
    '/api',
    '/collections',
    '/collections/blocks',
    '/collections/blocks/items',
  ])('fits a small screen, in both schemes: %s', async (path) => {
    for (const dark of [false, true]) {
      const { page } = await open(`${path}?f=html`, { width: 360, dark })
      const content = await page.evaluate<number>('document.documentElement.scrollWidth')
      expect(content).toBeLessThanOrEqual(360)
    }
  })
})

describe('with script', () => {
  it.each([
    '/collections/blocks',
    '/collections/blocks/items',
    '/collections/blocks/items/block-4',
  ])('has a map, under a strict policy: %s', async (path) => {
    const { page, complaints, headers } = await open(path, { script: true })
    const policy = headers['content-security-policy']!
    expect(policy).toContain("script-src 'self'; connect-src 'self'; worker-src 'self'")
    expect(policy).not.toMatch(/unsafe|blob:/)
    await page.waitForSelector('#map[data-drawn]')
    expect(complaints).toEqual([])
    expect(await coloursOfMap(page)).toBeGreaterThan(2)
    // Its text is text.
    expect(await page.locator('.maplibregl-ctrl-attrib').innerText()).toBe(`City of ${MARKUP}`)
  })

  it('leads from the map to a feature', async () => {
    const { page } = await open('/collections/blocks/items/block-4', { script: true })
    await page.waitForSelector('#map[data-drawn]')
    await page.locator('#map canvas').click()
    await page.locator('.maplibregl-popup a').click()
    expect(await heading(page)).toBe('Block 4')
  })
})

describe('what the map is made of', () => {
  it.each(['map.js', 'maplibre-gl.mjs', 'maplibre-gl-worker.mjs', 'maplibre-gl.css'])(
    'comes from here, compressed: %s',
    async (name) => {
      const url = `${server.url}/maps/assets/${name}`
      const answer = await fetch(url, { headers: { 'accept-encoding': 'br' } })
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'br'])
      expect(answer.headers.get('content-type')).toMatch(/^text\/(javascript|css); charset=utf-8$/)
      const text = await answer.text()
      const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
      expect(await plain.text()).toBe(text)
      expect(text).not.toMatch(/sourceMappingURL=http/)
      const etag = answer.headers.get('etag')!
      const headers = { 'accept-encoding': 'br', 'if-none-match': etag }
      expect((await fetch(url, { headers })).status).toBe(304)
    },
  )
})
