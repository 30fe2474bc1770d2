import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/http-browser.ts'
import { mapgate } from '../support/server.ts'
import {
  feature,
  importFeatures,
  type MapServer,
  newToken,
  square,
  startMapServer,
} from './map-data.ts'
import { bearer, getToken } from './requests.ts'

/** Pages of map data that a person looks at with a token, which no address shows and no script needs. */

const COOKIE = 'mapgate-map-token'

let server: MapServer
let token: string

beforeAll(async () => {
  server = await startMapServer()
  await importFeatures(server, 'open', [feature('seen', square(0, 0))], '--visibility', 'open')
  await importFeatures(server, 'hidden', [feature('secret', square(0, 0), { name: 'Secret' })])
  token = (await newToken(server, 'read write')).token
})
afterAll(() => server[Symbol.asyncDispose]())

const at = (path: string) => `${server.url}/maps${path}`
const HIDDEN = '/collections/hidden'

const keptBy = ({ cookies }: HttpBrowser) => cookies.get(new URL(server.url).host)?.get(COOKIE)

/** A browser that gave the token on the page of the hidden collection. */
async function look(given = token) {
  const browser = createHttpBrowser()
  const page = await browser.open(at(HIDDEN))
  expect(page.status).toBe(401)
  const next = await browser.submit(page, { access_token: given }, { form: 'look-form' })
  return { browser, page: next }
}

/** What a browser sends of the cookie alone. */
const withCookie = (headers: Record<string, string> = {}) => ({
  headers: { cookie: `${COOKIE}=${token}`, ...headers },
})

it('leads on to the page, and from there to all that the token may see', async () => {
  const { browser, page } = await look()
  expect([page.status, page.url]).toEqual([200, at(HIDDEN)])
  expect(page.text).toContain('You are looking with a token.')
  expect((await browser.open(at('/collections'))).text).toContain('>hidden</a>')
  const item = await browser.open(at(`${HIDDEN}/items/secret`))
  expect([item.status, item.text]).toEqual([200, expect.stringContaining('<h1>Secret</h1>')])
  // Not even in a link to data, which no cookie opens.
  for (const { text } of [page, item]) {
    expect(text).not.toMatch(/href="[^"]*(access_token|f=json|schema|tilejson)/)
  }
  expect((await browser.open(at('/collections/open'))).text).toContain('id="geojson"')
})

it('is begun on any page, which it leads back to', async () => {
  const browser = createHttpBrowser()
  for (const path of ['?f=html', '/api?f=html', '/collections/open/items?limit=1&f=html']) {
    const page = await browser.open(at(path))
    const next = await browser.submit(page, { access_token: token }, { form: 'look-form' })
    expect(next.url).toBe(at(path))
    expect(next.text).toContain('You are looking with a token.')
    const stopped = await browser.submit(next, {}, { form: 'stop-form' })
    expect(stopped.url).toBe(at('/collections?f=html'))
  }
  const inQuery = await browser.open(at(`/collections/open?access_token=${token}`))
  const next = await browser.submit(inQuery, { access_token: token }, { form: 'look-form' })
  expect(next.url).toBe(at('/collections/open'))
})

it('ends when the person stops', async () => {
  const { browser, page } = await look()
  const stopped = await browser.submit(page, {}, { form: 'stop-form' })
  expect(stopped.text).not.toContain('>hidden</a>')
  expect(keptBy(browser)).toBeUndefined()
  expect((await browser.open(at(HIDDEN))).status).toBe(401)
})

it('is kept from scripts and other sites, for an hour', async () => {
  const browser = createHttpBrowser()
  const { text, url } = await browser.open(at(HIDDEN))
  const cookies = [...browser.cookies.get(new URL(url).host)!].map((pair) => pair.join('='))
  const answer = await fetch(at('/look'), {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookies.join('; ') },
    body: new URLSearchParams({ form_token: formTokenIn(text), access_token: token }),
  })
  expect(answer.status).toBe(303)
  expect(answer.headers.getSetCookie()).toEqual([
    `${COOKIE}=${token}; Max-Age=3600; Path=/; HttpOnly; SameSite=Strict`,
  ])
})

const formTokenIn = (text: string) => /name="form_token" value="([^"]+)"/.exec(text)![1]!

describe('what goes by it', () => {
  it.each([
    `${HIDDEN}?f=json`,
    `${HIDDEN}/items?f=json`,
    `${HIDDEN}/items/secret?f=json`,
    `${HIDDEN}/schema`,
    `${HIDDEN}/queryables`,
    `${HIDDEN}/containing?point=0,0`,
    `${HIDDEN}/tiles`,
    '/tiles/hidden/tilejson.json',
    '/tiles/hidden/0/0/0.pbf',
  ])('is no data: %s', async (path) => {
    // A browser that is led there says that it would like a page best.
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8'
    expect((await fetch(at(path), withCookie({ accept }))).status).toBe(401)
    expect((await fetch(at(path), { headers: bearer(token) })).status).toBe(200)
  })

  it('is no answer to who asks for data as well', async () => {
    const plain = { accept: 'application/json' }
    const answer = await fetch(at('/collections'), withCookie(plain))
    const { collections } = (await answer.json()) as { collections: { id: string }[] }
    expect(collections.map(({ id }) => id)).toEqual(['open'])
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60')
    expect(answer.headers.get('vary')).not.toContain('Cookie')
    expect((await fetch(at(HIDDEN), withCookie())).status).toBe(401)
  })

  it('is no write', async () => {
    const body = JSON.stringify(feature(null, square(0, 0)))
    for (const accept of ['text/html', 'application/json']) {
      const headers = { accept, 'content-type': 'application/geo+json' }
      const path = `${HIDDEN}/items?f=html`
      const posted = await fetch(at(path), { method: 'POST', body, ...withCookie(headers) })
      expect(posted.status).toBe(401)
      const removed = await fetch(at(`${HIDDEN}/items/secret`), {
        method: 'DELETE',
        ...withCookie({ accept }),
      })
      expect(removed.status).toBe(401)
    }
  })

  it('is a page, which no cache keeps', async () => {
    const answer = await fetch(at(`${HIDDEN}?f=html`), withCookie())
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('vary')).toBe('Accept, Authorization, Cookie')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })

  it('is nothing that brings a token itself, even a wrong one', async () => {
    const page = `${HIDDEN}?f=html`
    for (const [path, headers] of [
      [page, bearer('wrong')],
      [page, { authorization: 'Basic d3Jvbmc6d3Jvbmc=' }],
      [`${page}&access_token=wrong`, {}],
    ] as const) {
      const answer = await fetch(at(path), withCookie(headers))
      expect(answer.status).toBe(401)
      // It is not the browser's that was refused.
      expect(answer.headers.getSetCookie().join()).not.toContain(COOKIE)
    }
    const narrow = (await newToken(server, 'write')).token
    expect((await fetch(at(page), withCookie(bearer(narrow)))).status).toBe(403)
  })
})

describe('a token that is refused', () => {
  it('is not kept: one that is none, lacks the scope, or is not for this place', async () => {
    const narrow = (await newToken(server, 'write')).token
    const { client } = await newToken(server, 'read')
    const elsewhere = ['client-token', 'limit', '--client', client.clientId]
    await mapgate(server, ...elsewhere, '--origin', 'https://map.example')
    const shown = ['client-token', 'show', '--client', client.clientId]
    const { clientToken } = await mapgate<{ clientToken: string }>(server, ...shown)
    for (const [given, status] of [
      ['nothing.of-ours', 401],
      [narrow, 403],
      [clientToken, 403],
    ] as const) {
      const { browser, page } = await look(given)
      expect([page.status, page.url]).toEqual([status, at(HIDDEN)])
      expect(page.text).toContain('The token is refused')
      expect(page.text).not.toContain(given)
      expect(keptBy(browser)).toBeUndefined()
      const again = await browser.submit(page, { access_token: token }, { form: 'look-form' })
      expect(again.status).toBe(200)
    }
  })

  it('is not kept when it has ended meanwhile', async () => {
    const { client } = await newToken(server, 'read')
    const { browser, page } = await look(await getToken(server, client))
    expect(page.status).toBe(200)
    await mapgate(server, 'clients', 'suspend', client.clientId)
    await vi.waitFor(async () => {
      expect((await browser.open(at(HIDDEN))).status).toBe(401)
    }, 1_000)
    expect(keptBy(browser)).toBeUndefined()
    const open = await browser.open(at('/collections/open'))
    expect([open.status, open.text]).toEqual([200, expect.stringContaining('id="look-form"')])
  })

  it.each([
    ['nothing', ''],
    ['more than a token', 'Bearer abc'],
    ['what would be a header', 'abc\r\nSet-Cookie: a=b'],
    ['more than a cookie holds', 'a'.repeat(3_501)],
  ])('is not taken when it is %s', async (_what, given) => {
    const { browser, page } = await look(given)
    expect(page.status).toBe(400)
    expect(page.text).toContain('id="access_token-error"')
    expect(page.text).not.toMatch(/Bearer abc|a=b|aaaa/)
    expect(keptBy(browser)).toBeUndefined()
    const again = await browser.submit(page, { access_token: token }, { form: 'look-form' })
    expect([again.status, again.url]).toEqual([200, at(HIDDEN)])
  })
})

describe('a form', () => {
  it.each(['/look', '/look/stop'])('of another site is refused: %s', async (path) => {
    const { browser, page } = await look()
    const cookie = [...browser.cookies.get(new URL(server.url).host)!]
      .map((pair) => pair.join('='))
      .join('; ')
    const formToken = formTokenIn(page.text)
    for (const [headers, fields] of [
      [{ cookie }, {}],
      [{ cookie }, { form_token: 'x' }],
      [{}, { form_token: formToken }],
      [{ cookie, origin: 'https://evil.example' }, { form_token: formToken }],
      [{ cookie, 'sec-fetch-site': 'same-site' }, { form_token: formToken }],
    ] as [Record<string, string>, Record<string, string>][]) {
      const answer = await fetch(at(path), {
        method: 'POST',
        redirect: 'manual',
        headers,
        body: new URLSearchParams({ ...fields, access_token: token }),
      })
      expect(answer.status).toBe(403)
      expect(answer.headers.getSetCookie().join()).not.toContain(COOKIE)
    }
  })

  it.each([
    'https://evil.example/',
    '//evil.example/maps',
    '/maps//../\\evil.example',
    '/mapsmore',
    '/account',
    'maps',
    '',
    '/maps/\r\nSet-Cookie: a=b',
  ])('leads nowhere but to these pages: %j', async (to) => {
    const browser = createHttpBrowser()
    const page = await browser.open(at(HIDDEN))
    const next = await browser.submit(page, { access_token: token, to }, { form: 'look-form' })
    expect(next.url).toBe(at('/collections?f=html'))
  })
})
