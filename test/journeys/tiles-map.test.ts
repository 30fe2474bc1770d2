import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Polygon } from 'geojson'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient, demoClient, getToken } from '../conformance/requests.ts'
import { openBrowser, type TestBrowser } from '../support/browser.ts'
import { mapgate, startSampleServer, temporaryFolder } from '../support/server.ts'

/** Tiles on a MapLibre map: what an area leaves of a country, by the colour of its pixels. */

/** A concave piece of France: its notch opens to the east. */
const AREA: Polygon = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 45],
      [5, 45],
      [3, 46.5],
      [5, 48],
      [0, 48],
      [0, 45],
    ],
  ],
}

const INSIDE = [
  [1, 46.5],
  [2.5, 46.5],
  [4, 45.4],
  [4, 47.6],
] as const
/** In France all the same. */
const OUTSIDE = [
  [4.5, 46.5],
  [-0.5, 46.5],
  [2.5, 48.5],
  [2.5, 44.5],
] as const

const RED = [255, 0, 0]
const WHITE = [255, 255, 255]

let server: Awaited<ReturnType<typeof startSampleServer>>
let browser: TestBrowser
let folder: string

beforeAll(async () => {
  server = await startSampleServer()
  browser = await openBrowser()
  folder = temporaryFolder()
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const PAGE = `<!doctype html><style>html, body, #map { height: 100%; margin: 0 }</style>
<div id="map"></div>
<script type="module">
  import { Map } from './maplibre-gl.mjs'
  const { tileJson } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)))
  const map = new Map({
    container: 'map', center: [2.5, 46.5], zoom: 5, fadeDuration: 0,
    canvasContextAttributes: { preserveDrawingBuffer: true },
    style: {
      version: 8,
      sources: { countries: { type: 'vector', url: tileJson } },
      layers: [
        { id: 'ground', type: 'background', paint: { 'background-color': '#ffffff' } },
        { id: 'fill', type: 'fill', source: 'countries', 'source-layer': 'countries',
          paint: { 'fill-color': '#ff0000', 'fill-antialias': false } },
      ],
    },
  })
  globalThis.colourAt = (position) => {
    const { x, y } = map.project(position)
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 1
    const context = canvas.getContext('2d')
    context.drawImage(map.getCanvas(), Math.round(x), Math.round(y), 1, 1, 0, 0, 1, 1)
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  map.once('idle', () => (globalThis.isDrawn = true))
</script>`

async function openMap(token: string): Promise<Page> {
  const page = await browser.page({ script: true, width: 512, height: 512 })
  // A page of this machine may ask a server of this machine; browsers keep others from it.
  await page.route(`${server.url}/page/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice('/page/'.length)
    if (name === '') return route.fulfill({ contentType: 'text/html', body: PAGE })
    const file = fileURLToPath(import.meta.resolve(`maplibre-gl/dist/${name}`))
    return route.fulfill({ contentType: 'text/javascript', body: await readFile(file) })
  })
  const tileJson = `${server.url}/maps/tiles/countries/tilejson.json?access_token=${token}`
  const parameters = new URLSearchParams({ tileJson })
  await page.goto(`${server.url}/page/#${parameters.toString()}`)
  await page.waitForFunction('globalThis.isDrawn', undefined, { timeout: 45_000 })
  return page
}

async function coloursAt(page: Page, positions: readonly (readonly number[])[]) {
  return (await page.evaluate(`${JSON.stringify(positions)}.map(colourAt)`)) as number[][]
}

it('a token that sees all draws the whole country', async () => {
  const page = await openMap(await getToken(server, demoClient(server)))
  expect(await coloursAt(page, INSIDE)).toEqual(INSIDE.map(() => RED))
  expect(await coloursAt(page, OUTSIDE)).toEqual(OUTSIDE.map(() => RED))
  // The Atlantic.
  expect(await coloursAt(page, [[-2.5, 45.5]])).toEqual([WHITE])
})

it('a token of an area draws what is in it, to the edge', async () => {
  const file = join(folder, 'area.geojson')
  await writeFile(file, JSON.stringify(AREA))
  const client = await createClient(server)
  await mapgate(server, 'clients', 'change', client.clientId, '--area', file)
  const page = await openMap(await getToken(server, client))
  expect(await coloursAt(page, INSIDE)).toEqual(INSIDE.map(() => RED))
  expect(await coloursAt(page, OUTSIDE)).toEqual(OUTSIDE.map(() => WHITE))
  // 0.05 degrees are two pixels.
  expect(
    await coloursAt(page, [
      [2.95, 46.5],
      [3.1, 46.5],
      [0.05, 46],
      [-0.05, 46],
      [2, 45.05],
      [2, 44.95],
    ]),
  ).toEqual([RED, WHITE, RED, WHITE, RED, WHITE])
})
