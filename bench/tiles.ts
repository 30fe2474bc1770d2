import { hash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import type { Polygon } from 'geojson'
import pg from 'pg'
import type { Collection } from '../server/access/collections/collection.ts'
import type { AccessScope } from '../server/access/scopes/access-scope.ts'
import { limitsOf } from '../server/access/scopes/limits.ts'
import { wholeScope } from '../server/access/scopes/whole-scope.ts'
import { prepareArea } from '../server/geo/area.ts'
import { boxOfTile, type Tile, tileOf } from '../server/geo/tile.ts'
import type { MapStore } from '../server/maps/store/map-store.ts'
import { openMapStore } from '../server/maps/store/open.ts'
import { GZIP_LEVEL, renderTile } from '../server/maps/tiles/render.ts'
import { setUpMapgate } from './mapgate.ts'
import { type Server } from './processes.ts'
import { median } from './ratios.ts'

/**
 * `node bench/tiles.ts`: what drawing tiles of the sample's places takes, as ratios.
 *
 * - a tile whose area has 1,000 vertices and crosses it : the same tile without an area
 * - an uncached tile : PostGIS's `ST_AsMVT`, if `POSTGIS_URL` names a database that has it; both with a
 *   digest and compressed, as a tile is sent
 * - the 99th percentile of a token's time while all threads draw tiles : while nobody does
 *
 * Tiles are those of zoom 10 with places in them, drawn one after the other, in rounds that take turns.
 */
const ROUNDS = 15

const progress = (line: string): void => void process.stderr.write(`${line}\n`)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const placesSince = (createdAt: number): Collection => ({
  id: 'places',
  customerId: null,
  visibility: 'public',
  title: '',
  description: '',
  attribution: '',
  licence: null,
  madeOf: null,
  createdAt,
  updatedAt: createdAt,
})

/** Data is that of a collection of the registry, or nobody sees it. */
function readRegistry(file: string): AccessScope {
  const registry = new DatabaseSync(file, { readOnly: true })
  const row = registry.prepare(`select created_at from collections where id = 'places'`).get()
  registry.close()
  const places = placesSince(Number(row!['created_at']))
  return wholeScope(() => [places])
}

/** 1,000 vertices around the middle of a tile, and through it. */
function areaAcross(whole: AccessScope, tile: Tile): AccessScope {
  const { west, south, east, north } = boxOfTile(tile)
  const ring = Array.from({ length: 1_000 }, (_, index) => {
    const angle = (index / 1_000) * 2 * Math.PI
    const reach = 0.45 + 0.1 * Math.sin(50 * angle)
    return [
      (west + east) / 2 + reach * (east - west) * Math.cos(angle),
      (south + north) / 2 + reach * (north - south) * Math.sin(angle),
    ]
  })
  const geometry: Polygon = { type: 'Polygon', coordinates: [[...ring, ring[0]!]] }
  const limits = limitsOf([[{ id: 'area', geometry, area: prepareArea(geometry) }]])
  return { ...whole, read: () => limits }
}

/** Milliseconds for each tile. */
async function time(count: number, draw: (index: number) => Promise<unknown>): Promise<number> {
  const began = performance.now()
  for (let index = 0; index < count; index++) await draw(index)
  return (performance.now() - began) / count
}

async function drawing(store: MapStore, whole: AccessScope): Promise<void> {
  const cities = [
    [2.35, 48.85],
    [13.4, 52.5],
    [-0.1, 51.5],
    [9.2, 45.5],
    [77.2, 28.6],
    [-74, 40.7],
  ] as const
  const tiles = cities.map(([longitude, latitude]) => tileOf(longitude, latitude, 10))
  const scopes = tiles.map((tile) => areaAcross(whole, tile))
  const order = (index: number) => ({ collectionId: 'places', tile: tiles[index]!, fields: null })
  const each = tiles.length
  const drawWhole = (index: number) => renderTile(store, whole, order(index))
  for (const index of tiles.keys()) {
    if (!(await drawWhole(index)).content) throw new Error(`tile ${index} is empty`)
  }
  const drawArea = (index: number) => renderTile(store, scopes[index]!, order(index))
  await using postgis = await openPostgis(store, whole)
  const times: Record<'whole' | 'area' | 'postgis', number[]> = { whole: [], area: [], postgis: [] }
  for (let round = -3; round < ROUNDS; round++) {
    const some = {
      whole: await time(each, drawWhole),
      area: await time(each, drawArea),
      postgis: postgis ? await time(each, (index) => postgis.draw(tiles[index]!)) : NaN,
    }
    if (round < 0) continue
    for (const name of ['whole', 'area', 'postgis'] as const) times[name].push(some[name])
  }
  const ratio = (of: 'whole' | 'area', to: 'whole' | 'postgis') =>
    median(times[of].map((value, round) => value / times[to][round]!)).toFixed(2)
  say(`area of 1,000 vertices : none, time of a z10 tile   ${ratio('area', 'whole')}  (< 1.20)`)
  if (postgis)
    say(`uncached z10 tile : ST_AsMVT, time              ${ratio('whole', 'postgis')}  (<= 1.00)`)
}

/** @returns null: there is no PostGIS, and says why */
async function openPostgis(
  store: MapStore,
  whole: AccessScope,
): Promise<(AsyncDisposable & { draw: (tile: Tile) => Promise<unknown> }) | null> {
  const url = process.env.POSTGIS_URL
  if (!url) {
    say('uncached z10 tile : ST_AsMVT                        not measured: POSTGIS_URL is not set')
    return null
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`create extension if not exists postgis;
    create temporary table place (key bigint, shape geometry(Point, 3857), properties jsonb)`)
  const world = { west: -180, south: -85, east: 180, north: 85 }
  const all = await store.members(whole, 'places', [world], { maximum: 1_000_000 })
  for (let start = 0; start < all!.features.length; start += 10_000) {
    const some = all!.features.slice(start, start + 10_000)
    await client.query(
      `insert into place select key, st_transform(st_setsrid(st_geomfromgeojson(feature -> 'geometry'), 4326), 3857),
        feature -> 'properties' from unnest($1::bigint[], $2::jsonb[]) as given(key, feature)`,
      [some.map(({ key }) => key), some.map(({ feature }) => feature)],
    )
  }
  await client.query('create index on place using gist (shape); analyze place')
  const draw = async ({ z, x, y }: Tile) => {
    const { rows } = await client.query<{ tile: Buffer }>(
      `select st_asmvt(drawn, 'places', 4096, 'shape', 'key') as tile from (
        select key, st_asmvtgeom(shape, st_tileenvelope($1, $2, $3), 4096, 64) as shape, properties
        from place where shape && st_tileenvelope($1, $2, $3, margin => 0.015625)
      ) drawn`,
      [z, x, y],
    )
    const { tile } = rows[0]!
    return { digest: hash('sha256', tile), gzip: gzipSync(tile, { level: GZIP_LEVEL }) }
  }
  return { draw, [Symbol.asyncDispose]: () => client.end() }
}

/** Milliseconds that a token takes, of very many. */
async function tokenP99(server: Server, form: string, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true })
  const until = performance.now() + seconds * 1_000
  const times: number[] = []
  while (performance.now() < until) {
    const began = performance.now()
    await send(server, agent, '/oauth2/token', form)
    times.push(performance.now() - began)
  }
  agent.destroy()
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!
}

function send(
  { port }: Server,
  agent: Agent,
  path: string,
  form: string | null,
  headers: Record<string, string> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        agent,
        path,
        method: form === null ? 'GET' : 'POST',
        headers:
          form === null
            ? headers
            : { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      },
      (response) => {
        let text = ''
        response.setEncoding('latin1').on('data', (part: string) => (text += part))
        response.once('end', () =>
          response.statusCode! < 300 ? resolve(text) : reject(new Error(`${path}: ${text}`)),
        )
      },
    )
    sent.once('error', reject)
    sent.end(form ?? undefined)
  })
}

/** Asks for tiles that nobody has asked for, until told to stop. */
async function drawAll(server: Server, token: string, isOver: () => boolean): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const headers = { authorization: `Bearer ${token}` }
  while (!isOver()) {
    const numbers = randomBytes(2)
    const tile = tileOf(numbers[0]! / 8 - 5, 40 + numbers[1]! / 16, 7)
    // What is not kept is drawn again.
    await send(server, agent, `/maps/tiles/places/${tile.z}/${tile.x}/${tile.y}.pbf`, null, headers)
  }
  agent.destroy()
}

async function tokensWhileDrawing(server: Server, form: string): Promise<void> {
  const answer = JSON.parse(await send(server, new Agent(), '/oauth2/token', form)) as {
    access_token: string
  }
  await tokenP99(server, form, 3)
  const ratios: number[] = []
  for (let round = 0; round < 5; round++) {
    const idle = await tokenP99(server, form, 3)
    let isOver = false
    const drawers = Array.from({ length: 8 }, () =>
      drawAll(server, answer.access_token, () => isOver),
    )
    const busy = await tokenP99(server, form, 3)
    isOver = true
    await Promise.all(drawers)
    ratios.push(busy / idle)
    progress(
      `p99 of a token: ${idle.toFixed(2)} ms idle, ${busy.toFixed(2)} ms while tiles are drawn`,
    )
  }
  say(`p99 of a token while tiles are drawn : idle         ${median(ratios).toFixed(2)}  (<= 3.00)`)
}

const folder = await mkdtemp(join(tmpdir(), 'mapgate-bench-'))
try {
  progress('importing the sample data')
  const mapgate = await setUpMapgate(folder, 0, {
    configuration: 'maps: { tileCacheBytes: 0 }\n',
    pinned: false,
  })
  {
    await using server = await mapgate.start()
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: mapgate.clientId,
      client_secret: mapgate.clientSecret,
    })
    await tokensWhileDrawing(server, form.toString())
  }
  await using store = await openMapStore({
    kind: 'sqlite',
    file: join(folder, 'data', 'maps.sqlite'),
  })
  await drawing(store, readRegistry(join(folder, 'data', 'mapgate.sqlite')))
} finally {
  await rm(folder, { recursive: true, force: true })
}
