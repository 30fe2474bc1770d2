import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { VectorTile } from '@mapbox/vector-tile'
import type { Feature, Geometry, MultiPolygon, Point, Polygon, Position } from 'geojson'
import { PbfReader } from 'pbf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseEnvironment } from '../support/installation.ts'
import { jstsIntersects } from '../support/jsts.ts'
import { placeWithin } from '../support/jsts-overlap.ts'
import { mapgate, type RunningServer, startServer, temporaryFolder } from '../support/server.ts'
import {
  boxPolygon,
  collectionOf,
  type CollectionId,
  COLLECTIONS,
  isSeen,
  type Layers,
  makeScenes,
  type Scene,
  wasThere,
} from './area-cases.ts'
import { withConfig } from './config-file.ts'
import { answerOf, bearer, createClient, type Credentials, getToken, postForm } from './requests.ts'

/**
 * The area property: on every surface, with whatever area, nothing outside of what a token may see
 * appears and nothing inside is missing. JSTS says what is inside. Areas come from the token, from
 * the client and from a subscription, and each must be intersected.
 *
 * Features, areas and requests are random; the seed stands in every failure, and AREA_SEED repeats it.
 */
const SEED = Number(process.env.AREA_SEED ?? Date.now() % 2 ** 31)

const HIGHEST_ZOOM = 24
/** Of tiles. */
const HIGHEST_LATITUDE = 85.0511
const ROOM = { quota: 1_000_000, windowSeconds: 60 }
const UNLIMITED = { limits: { default: ROOM, endpoints: { 'maps.items': ROOM } } }

type Area = Polygon | MultiPolygon
type Box = readonly [west: number, south: number, east: number, north: number]

describe.each(['sqlite', 'postgres'] as const)(
  `areas, seed ${SEED} (%s)`,
  { timeout: 180_000 },
  (kind) => {
    const scenes = makeScenes(SEED)
    const features = scenes.flatMap((scene) => scene.features)
    const folder = temporaryFolder()
    let server: RunningServer
    let client: Credentials
    let whole: string
    /** Of the subscription, which is all that the client has on `lines`. */
    let subscribed: Area

    beforeAll(async () => {
      const environment = { ...(await databaseEnvironment(kind)), ...withConfig(UNLIMITED) }
      server = await startServer({ environment })
      for (const id of ['owner', 'reader']) {
        await mapgate(server, 'customers', 'create', id, '--id', id)
      }
      const owners: Record<CollectionId, string[]> = {
        dots: ['--customer', 'owner', '--visibility', 'public'],
        lines: ['--customer', 'owner', '--visibility', 'subscription'],
        shapes: ['--customer', 'reader', '--visibility', 'private'],
      }
      for (const id of COLLECTIONS) {
        const file = join(folder, `${id}.ndjson`)
        const lines = features.filter(({ geometry }) => collectionOf(geometry) === id)
        writeFileSync(file, lines.map((feature) => JSON.stringify(feature)).join('\n'))
        const { imports } = await mapgate<{ imports: { features: number; faults: number }[] }>(
          server,
          ...['import', file, '--collection', id, ...owners[id], '--strict'],
          ...['--start', 'since', '--end', 'until'],
        )
        if (imports[0]?.features !== lines.length) throw new Error(`not all of ${id} were imported`)
      }
      subscribed = together(scenes.map(({ areas }) => areas[0]!))
      await mapgate(
        server,
        ...['subscriptions', 'create', '--customer', 'reader', '--collection', 'lines'],
        ...['--area', areaFile(subscribed)],
      )
      client = await createClient(
        server,
        ...['--customer', 'reader', '--grant', 'client_credentials token_exchange'],
      )
      whole = await getToken(server, client)
    })
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })

    let files = 0
    function areaFile(geometry: Area): string {
      const file = join(folder, `area-${++files}.geojson`)
      writeFileSync(file, JSON.stringify(geometry))
      return file
    }

    /** A token that is limited to any of these on top of what limited it before. */
    async function narrowed(token: string, areas: readonly Area[]): Promise<string> {
      const details = areas.map((area) => ({ type: 'map_data', actions: ['read'], area }))
      const { status, body } = await answerOf(
        postForm(`${server.url}/oauth2/token`, {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          client_id: client.clientId,
          client_secret: client.secret,
          subject_token: token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          authorization_details: JSON.stringify(details),
        }),
      )
      expect(status, JSON.stringify(body)).toBe(200)
      return String(body.access_token)
    }

    it('hold for a token with an area of its own', async () => {
      let seen = 0
      for (const scene of scenes) {
        for (const area of scene.areas) {
          seen += await judge(await narrowed(whole, [area]), [[area]], scene)
        }
      }
      expect(seen).toBeGreaterThan(0)
    })

    it('hold for areas that add up, and for areas one on top of the other', async () => {
      let seen = 0
      for (const scene of scenes) {
        const [first, second, third] = scene.areas as [Area, Area, Area]
        const either = await narrowed(whole, [first, second])
        seen += await judge(either, [[first, second]], scene)
        seen += await judge(await narrowed(either, [third]), [[first, second], [third]], scene)
      }
      expect(seen).toBeGreaterThan(0)
    })

    it('hold for tokens that were out before their client was limited', async () => {
      const area = scenes[0]!.areas[1]!
      const token = await narrowed(whole, [area])
      const clients = together(scenes.map(({ areas }) => areas[2]!))
      const change = (file: string) =>
        mapgate(server, 'clients', 'change', client.clientId, '--area', file)
      await change(areaFile(clients))
      // It counts within a second.
      await sleep(1_000)
      try {
        expect(await judge(whole, [[clients]], scenes[1]!)).toBeGreaterThan(0)
        await judge(token, [[area], [clients]], scenes[0]!)
      } finally {
        await change('')
      }
    })

    let judged = 0

    /** Compares all surfaces with what JSTS says. @returns how many features are seen */
    async function judge(token: string, layers: Layers, scene: Scene): Promise<number> {
      const about = `seed ${SEED}, ${scene.name}, ${JSON.stringify(layers)}`
      const seenOfEach = await Promise.all(
        COLLECTIONS.map(async (id) => {
          const all: Layers = id === 'lines' ? [...layers, [subscribed]] : layers
          const seen = features.filter(
            ({ geometry }) => collectionOf(geometry) === id && isSeen(all, geometry),
          )
          // Its own, because the three go on at once.
          const random = createRandom(SEED + ++judged)
          const view: View = { get: getter(token), id, layers: all, seen, scene, about, random }
          await judgePages(view)
          await judgeFilters(view)
          await judgePage(view)
          await judgeExtents(view)
          await judgeSingle(view)
          await judgePoints(view)
          await judgeSearch(view)
          await judgeTiles(view)
          await judgeExport(view)
          return seen.length
        }),
      )
      return seenOfEach.reduce((sum, count) => sum + count, 0)
    }

    const getter = (token: string) => (path: string) =>
      fetch(`${server.url}${path}`, { headers: bearer(token) })

    /** Pages, boxes and how many match. */
    async function judgePages({ get, id, seen, scene, about, random }: View): Promise<void> {
      const limit = 1 + random.below(40)
      const found: string[] = []
      let path: string | null = `/maps/collections/${id}/items?limit=${limit}`
      while (path !== null) {
        const page: FeatureList = await listOf(get(path), about)
        if (page.numberMatched !== undefined) expect(page.numberMatched, about).toBe(seen.length)
        found.push(...idsOf(page.features))
        const next = page.links.find(({ rel }) => rel === 'next')
        path = next ? next.href.slice(server.url.length) : null
      }
      expect(found.toSorted(), about).toEqual(idsOf(seen).toSorted())
      expect(new Set(found).size, about).toBe(found.length)

      for (const box of [scene.box, random.box(scene.box), random.box(scene.box)]) {
        const within = seen.filter(({ geometry }) => jstsIntersects(boxPolygon(box), geometry))
        const bbox = `${about}, bbox ${box.join()}`
        const page = await listOf(
          get(`/maps/collections/${id}/items?limit=1000&bbox=${box.join()}`),
          bbox,
        )
        expect(idsOf(page.features).toSorted(), bbox).toEqual(idsOf(within).toSorted())
        expect(page.numberMatched, bbox).toBe(within.length)
      }
    }

    /** By time, property and box together. */
    async function judgeFilters({ get, id, seen, scene, about, random }: View): Promise<void> {
      const colour = random.some(['red', 'green', 'blue'], 1)[0]!
      const year = 2000 + random.below(6)
      const box = random.below(2) === 0 ? scene.box : random.box(scene.box)
      const matching = seen.filter(
        (feature) =>
          feature.properties!['colour'] === colour &&
          wasThere(feature, `${year}-06-15`) &&
          jstsIntersects(boxPolygon(box), feature.geometry),
      )
      const asked = `colour=${colour}&datetime=${year}-06-15T12:00:00Z&bbox=${box.join()}`
      const page = await listOf(
        get(`/maps/collections/${id}/items?limit=1000&${asked}`),
        `${about}, ${asked}`,
      )
      expect(idsOf(page.features).toSorted(), `${about}, ${asked}`).toEqual(
        idsOf(matching).toSorted(),
      )
      expect(page.numberMatched, `${about}, ${asked}`).toBe(matching.length)
    }

    /** The page for people. */
    async function judgePage({ get, id, seen, about }: View): Promise<void> {
      const response = await get(`/maps/collections/${id}/items?limit=1000&f=html`)
      const text = await response.text()
      expect(response.status, about).toBe(200)
      const named = new Set([...text.matchAll(/Thing \d+ [a-z]+/g)].map(([name]) => name))
      const names = seen.map(({ properties }) => properties!['name'] as string)
      expect([...named].toSorted(), `${about}, HTML`).toEqual(names.toSorted())
      const [feature] = features.filter(({ geometry }) => collectionOf(geometry) === id)
      const { status } = await get(`/maps/collections/${id}/items/${feature!.id!}?f=html`)
      expect(status, `${about}, HTML`).toBe(seen.includes(feature!) ? 200 : 404)
    }

    /** What is told of the whole: cut to the boxes of the areas, and touched by all that is seen. */
    async function judgeExtents({ get, id, layers, seen, about }: View): Promise<void> {
      const body = async (path: string) =>
        (await (await get(path)).json()) as {
          bounds?: Box
          extent?: { spatial?: { bbox: Box[] } }
        }
      const { bounds } = await body(`/maps/tiles/${id}/tilejson.json`)
      const { extent } = await body(`/maps/collections/${id}`)
      const limits = layers.map((areas) => boxAround(areas.flatMap(positionsOf)))
      const box = extent?.spatial?.bbox[0]
      for (const told of [bounds, box]) {
        if (told === undefined) continue
        for (const [west, south, east, north] of limits) {
          const isWithin =
            told[0] >= west && told[2] <= east && told[1] >= Math.min(south, HIGHEST_LATITUDE)
          const isBelow = told[3] <= Math.max(north, -HIGHEST_LATITUDE)
          expect(isWithin && isBelow, `${about}, ${told.join()}`).toBe(true)
        }
      }
      // A feature may touch several areas in places that have nothing in common.
      if (layers.length > 1) return
      for (const feature of seen) {
        const isAround = box && jstsIntersects(boxPolygon(box), feature.geometry)
        expect(isAround, `${about}, ${feature.id!}, ${box?.join()}`).toBe(true)
      }
    }

    /** Features by their ids: what is not seen is not there. */
    async function judgeSingle({ get, id, seen, about, random }: View): Promise<void> {
      const own = features.filter(({ geometry }) => collectionOf(geometry) === id)
      for (const feature of [...random.some(seen, 3), ...random.some(own, 5)]) {
        const { status } = await get(`/maps/collections/${id}/items/${feature.id!}`)
        expect(status, `${about}, ${feature.id!}`).toBe(seen.includes(feature) ? 200 : 404)
      }
    }

    /** What is nearest to a point, and what contains it. */
    async function judgePoints({ get, id, seen, scene, about, random }: View): Promise<void> {
      const point = random.position(scene.box)
      if (id === 'dots') {
        const { features: near } = await listOf(
          get(`/maps/collections/${id}/nearest?point=${point.join()}&limit=100`),
          about,
        )
        expect(near, about).toHaveLength(Math.min(100, seen.length))
        const known = new Set(idsOf(seen))
        expect(
          idsOf(near).filter((each) => !known.has(each)),
          about,
        ).toEqual([])
        const distances = seen
          .map(({ geometry }) => distanceTo(geometry, point))
          .toSorted((a, b) => a - b)
          .slice(0, 100)
        for (const [index, { distanceMeters }] of near.entries()) {
          const expected = distances[index]!
          // Rounded to a centimetre.
          expect(Math.abs(distanceMeters! - expected), `${about}, nearest ${index}`).toBeLessThan(
            0.02,
          )
        }
        return
      }
      const corner = random.some(scene.features, 1)[0]!.geometry as Point
      const onIt = corner.coordinates.flat(3).slice(0, 2)
      for (const position of [point, onIt]) {
        const asked = `${about}, containing ${position.join()}`
        const around = seen.filter(({ geometry }) =>
          jstsIntersects({ type: 'Point', coordinates: [...position] }, geometry),
        )
        const { features: found } = await listOf(
          get(`/maps/collections/${id}/containing?point=${position.join()}&limit=100`),
          asked,
        )
        expect(idsOf(found).toSorted(), asked).toEqual(idsOf(around).toSorted())
      }
    }

    async function judgeSearch({ get, id, seen, about, random }: View): Promise<void> {
      const known = new Set(idsOf(seen))
      const colour = random.some(['red', 'green', 'blue'], 1)[0]!
      const named = seen.filter(({ properties }) => String(properties!['name']).includes(colour))
      const { features: found } = await listOf(
        get(`/maps/search?q=${colour}&collections=${id}&limit=100`),
        about,
      )
      expect(found, about).toHaveLength(Math.min(100, named.length))
      expect(
        idsOf(found).filter((each) => !known.has(each)),
        about,
      ).toEqual([])
      const own = features.filter(({ geometry }) => collectionOf(geometry) === id)
      for (const feature of [...random.some(seen, 2), ...random.some(own, 2)]) {
        const name = encodeURIComponent(feature.properties!['name'] as string)
        // In all collections at once.
        const { features: hits } = await listOf(get(`/maps/search?q=${name}`), about)
        expect(idsOf(hits).includes(String(feature.id)), `${about}, ${name}`).toBe(
          seen.includes(feature),
        )
      }
    }

    async function judgeTiles(view: View): Promise<void> {
      const { layers, seen, scene, about, random } = view
      for (const feature of random.some(seen, 8)) {
        const place = placeWithin(feature.geometry, layers, random.below)
        if (!place || Math.abs(place[1]!) > HIGHEST_LATITUDE) continue
        const found = await judgeTile(view, tileAt(place, HIGHEST_ZOOM))
        expect(found, `${about}, at ${place.join()}`).toContain(feature.properties!['name'])
      }
      for (const position of [random.position(scene.box), random.position(scene.box)]) {
        await judgeTile(view, tileAt(position, random.below(HIGHEST_ZOOM + 1)))
      }
      // Where the edge of an area is.
      const edge = random.some(layers.flat(3), 1)[0]!.coordinates.flat(3).slice(0, 2)
      await judgeTile(view, tileAt(edge, random.below(HIGHEST_ZOOM + 1)))
      await judgeTile(view, { z: 0, x: 0, y: 0 })
    }

    /** Whatever is in it is seen, and nothing is drawn outside. @returns names */
    async function judgeTile(
      { get, id, layers, seen, about }: View,
      tile: Tile,
    ): Promise<string[]> {
      const { z, x, y } = tile
      const asked = `${about}, tile ${id}/${z}/${x}/${y}`
      const response = await get(`/maps/tiles/${id}/${z}/${x}/${y}.pbf`)
      if (response.status === 204) return []
      expect(response.status, `${asked}\n${server.log().slice(-1_000)}`).toBe(200)
      const layer = new VectorTile(new PbfReader(await response.arrayBuffer())).layers[id]!
      const drawn = Array.from({ length: layer.length }, (_, index) => layer.feature(index))
      const names = drawn.map(({ properties }) => String(properties['name']))
      const known = new Set(seen.map(({ properties }) => properties!['name'] as string))
      expect(
        names.filter((name) => !known.has(name)),
        asked,
      ).toEqual([])
      for (const feature of drawn) {
        for (const { x: column, y: row } of feature.loadGeometry().flat()) {
          const cells = cellsOf(tile, layer.extent, column, row).map(boxPolygon)
          const within = layers.every((areas) =>
            areas.some((area) => cells.some((cell) => jstsIntersects(area, cell))),
          )
          expect(within, `${asked}: ${column}, ${row}`).toBe(true)
        }
      }
      return names
    }

    async function judgeExport({ get, id, seen, about }: View): Promise<void> {
      const response = await get(`/maps/collections/${id}/export?format=geojson`)
      expect(response.status, about).toBe(200)
      const { features: found } = (await response.json()) as FeatureList
      expect(idsOf(found).toSorted(), about).toEqual(idsOf(seen).toSorted())
    }
  },
)

/** One collection as one token sees it. */
interface View {
  get: (path: string) => Promise<Response>
  id: CollectionId
  layers: Layers
  seen: Feature[]
  scene: Scene
  about: string
  random: Random
}

interface FeatureList {
  numberMatched?: number
  features: (Feature & { distanceMeters?: number })[]
  links: { rel: string; href: string }[]
}

async function listOf(pending: Promise<Response>, about: string): Promise<FeatureList> {
  const response = await pending
  const text = await response.text()
  expect(response.status, `${about}\n${text}`).toBe(200)
  return JSON.parse(text) as FeatureList
}

const positionsOf = (geometry: Geometry): Position[] => {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(positionsOf)
  const flat = geometry.coordinates.flat(3)
  return Array.from({ length: flat.length / 2 }, (_, index) => flat.slice(2 * index, 2 * index + 2))
}

function boxAround(positions: readonly Position[]): Box {
  const [longitudes, latitudes] = [0, 1].map((axis) => positions.map((each) => each[axis]!))
  return [
    Math.min(...longitudes!),
    Math.min(...latitudes!),
    Math.max(...longitudes!),
    Math.max(...latitudes!),
  ]
}

/** Metres on a sphere to the nearest position, by the angle between two vectors. */
function distanceTo(geometry: Geometry, point: readonly number[]): number {
  const vector = ([longitude, latitude]: readonly number[]) => {
    const [east, north] = [(longitude! * Math.PI) / 180, (latitude! * Math.PI) / 180]
    return [
      Math.cos(north) * Math.cos(east),
      Math.cos(north) * Math.sin(east),
      Math.sin(north),
    ] as const
  }
  const [x, y, z] = vector(point)
  const angles = positionsOf(geometry).map((position) => {
    const [a, b, c] = vector(position)
    const cross = Math.hypot(y * c - z * b, z * a - x * c, x * b - y * a)
    return Math.atan2(cross, x * a + y * b + z * c)
  })
  return 6_371_008.8 * Math.min(...angles)
}

const idsOf = (features: readonly Feature[]) => features.map(({ id }) => String(id))

/** Areas of scenes, which are far from each other, as one. */
function together(areas: readonly Area[]): Area {
  if (areas.length === 1) return areas[0]!
  const coordinates = areas.flatMap((area) =>
    area.type === 'Polygon' ? [area.coordinates] : area.coordinates,
  )
  return { type: 'MultiPolygon', coordinates }
}

interface Tile {
  z: number
  x: number
  y: number
}

function tileAt([longitude, latitude]: readonly number[], z: number): Tile {
  const mercator = Math.asinh(Math.tan((latitude! * Math.PI) / 180)) / Math.PI
  const index = (part: number) => Math.max(0, Math.min(2 ** z - 1, Math.floor(part * 2 ** z)))
  return { z, x: index(longitude! / 360 + 0.5), y: index((1 - mercator) / 2) }
}

/** The place of a position in a tile, which was rounded, and of whatever it may have been rounded from. */
function cellsOf({ z, x, y }: Tile, extent: number, column: number, row: number): Box[] {
  const longitude = (at: number) => ((x + at / extent) / 2 ** z) * 360 - 180
  const latitude = (at: number) =>
    (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + at / extent)) / 2 ** z))) * 180) / Math.PI
  // Beside the antimeridian it is in the world a turn further too.
  return [-360, 0, 360]
    .map((turn): Box => [
      longitude(column - 1) + turn,
      latitude(row + 1),
      longitude(column + 1) + turn,
      latitude(row - 1),
    ])
    .filter(([west, , east]) => west <= 180 && east >= -180)
}

type Random = ReturnType<typeof createRandom>

/** The same for the same seed. */
function createRandom(seed: number) {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (count: number) => Math.floor(next() * count)
  const position = ([west, south, east, north]: Box) =>
    [west + next() * (east - west), south + next() * (north - south)] as const
  return {
    below,
    position,
    box(around: Box): Box {
      const [[x1, y1], [x2, y2]] = [position(around), position(around)]
      return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)]
    },
    some<Item>(items: readonly Item[], count: number): Item[] {
      const left = [...items]
      return Array.from(
        { length: Math.min(count, left.length) },
        () => left.splice(below(left.length), 1)[0]!,
      )
    },
  }
}
