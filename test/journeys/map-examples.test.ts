import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FeatureCollection } from 'geojson'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, bearer, getToken } from '../conformance/requests.ts'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { startSampleServer } from '../support/server.ts'

/** `examples/map` and `examples/read-map-data.sh`, as their readers run them. */

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

let server: Awaited<ReturnType<typeof startSampleServer>>
/** Of what CityGov sees: Madison. */
let names: string[]

beforeAll(async () => {
  server = await startSampleServer()
  const { citygov_client_id: clientId, citygov_client_secret: secret } = server.sample
  const token = await getToken(server, { clientId, secret })
  const { body } = await answerOf(
    fetch(`${server.url}/maps/collections/places/items`, { headers: bearer(token) }),
  )
  names = (body as unknown as FeatureCollection).features.map(
    ({ properties }) => properties!['name'] as string,
  )
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

describe('the map page', () => {
  let browser: TestBrowser
  let pages: ReturnType<typeof spawn>
  let address: string

  beforeAll(async () => {
    pages = spawn(process.execPath, [example('map/serve.js')], {
      env: { PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(pages.stdout!), 'line')) as [string]
    address = line
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]()
    pages?.kill()
  })

  async function open(parameters: Record<string, string>): Promise<Page> {
    const page = await browser.page({ script: true })
    const given = new URLSearchParams({ server: server.url, ...parameters })
    await page.goto(`${address}#${given.toString()}`)
    return page
  }

  it('draws what the token may see, and says what it is', async () => {
    const page = await open({ collection: 'places', token: server.sample.citygov_client_token })
    await page.waitForFunction('globalThis.map?.loaded() && map.areTilesLoaded()')
    const drawn = (await page.evaluate(
      "map.queryRenderedFeatures({ layers: ['data'] }).map(({ properties }) => properties.name)",
    )) as string[]
    expect(drawn).toContain('Madison')
    expect(new Set(drawn)).toEqual(new Set(names))
    expect(await page.locator('#problem').isVisible()).toBe(false)

    const [x, y] = (await page.evaluate(
      '(({ x, y }) => [x, y])(map.project([-89.40123, 43.07305]))',
    )) as [number, number]
    await page.mouse.click(x, y)
    expect(await page.locator('pre').innerText()).toContain('"name": "Madison"')
  })

  it('says what is wrong', async () => {
    const page = await open({ collection: 'places', token: 'wrong' })
    await page.waitForSelector('#problem:not([hidden])')
    expect(await page.locator('#problem').innerText()).toContain('401')
  })
})

it('the lines for curl print what CityGov sees', async () => {
  const { base_url, citygov_client_id, citygov_client_secret } = server.sample
  const { stdout } = await promisify(execFile)('bash', [example('read-map-data.sh')], {
    env: {
      PATH: process.env.PATH!,
      MAPGATE_URL: base_url,
      CLIENT_ID: citygov_client_id,
      CLIENT_SECRET: citygov_client_secret,
    },
  })
  const steps = stdout
    .split(/^# .*\n/m)
    .slice(1)
    .map((step) => step.trim().split('\n'))
  expect(steps.slice(0, 5)).toEqual([
    ['counties', 'countries', 'images', 'places'].map((id) => `"id":"${id}"`),
    names.slice(0, 3).map((name) => `"name":"${name}"`),
    ['"name":"Dane"'],
    ['"name":"Madison"'],
    ['404'],
  ])
  expect(Number(steps[5]![0])).toBeGreaterThan(20)
})
