import type { Feature, FeatureCollection, Point } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import { bearer, demoClient, getToken } from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let token: string

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  token = await getToken(server, demoClient(server))
})
afterAll(() => server[Symbol.asyncDispose]())

interface Page extends FeatureCollection {
  numberReturned: number
  attribution: string
  links: { rel: string; href: string; type?: string }[]
}

async function get<Body = Page>(pathOrUrl: string, headers = bearer(token)): Promise<Body> {
  const url = new URL(pathOrUrl, `${server.url}/maps/collections/`)
  const response = await fetch(url, { headers })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as Body
}

const linkOf = (page: Page, rel: string) => page.links.find((link) => link.rel === rel)?.href

const ids = (page: Pick<FeatureCollection, 'features'>) => page.features.map(({ id }) => String(id))

describe('GET /maps/collections', () => {
  it('lists the sample data, each with its source, extent and links that work', async () => {
    interface Described extends Page {
      id: string
      featureCount: number
      extent: { spatial: { bbox: number[][] } }
    }
    const { collections } = await get<{ collections: Described[] }>(
      `${server.url}/maps/collections`,
    )
    expect(collections.map(({ id }) => id).toSorted()).toEqual([
      'countries',
      'images',
      'places',
      'sequences',
    ])
    for (const collection of collections) {
      expect(collection.attribution).not.toBe('')
      expect(collection.featureCount).toBeGreaterThan(2)
      expect(collection.extent.spatial.bbox[0]).toHaveLength(4)
      expect(await get(linkOf(collection, 'self')!)).toEqual(collection)
      expect((await get(linkOf(collection, 'items')!)).type).toBe('FeatureCollection')
    }
    expect(collections.find(({ id }) => id === 'places')!.attribution).toMatch(/GeoNames.*CC.BY/)
  })
})

describe('GET /maps/collections/places/items', () => {
  const bbox = '11,54,14,57'

  it('pages through a box by next links to the same features as one big page', async () => {
    const whole = await get(`places/items?bbox=${bbox}&limit=10000`)
    expect(linkOf(whole, 'next')).toBeUndefined()
    expect(whole.numberReturned).toBe(whole.features.length)
    expect(whole.features.length).toBeGreaterThan(300)

    const paged: unknown[] = []
    let next: string | undefined = `places/items?bbox=${bbox}&limit=50`
    while (next !== undefined) {
      const page: Page = await get(next)
      expect(page.features.length).toBeLessThanOrEqual(50)
      paged.push(...page.features)
      next = linkOf(page, 'next')
    }
    expect(paged).toEqual(whole.features)
    expect(new Set(ids(whole)).size).toBe(whole.features.length)
  })

  it('gives only what lies in the box, and all that does', async () => {
    const inner = await get(`places/items?bbox=12,55,13,56&limit=10000`)
    const outer = await get(`places/items?bbox=${bbox}&limit=10000`)
    const inside = outer.features.filter(({ geometry }) => {
      const [longitude, latitude] = (geometry as Point).coordinates as [number, number]
      return longitude >= 12 && longitude <= 13 && latitude >= 55 && latitude <= 56
    })
    expect(ids(inner).toSorted()).toEqual(ids({ features: inside }).toSorted())
    expect(inside.length).toBeLessThan(outer.features.length)
  })

  it('takes a box across the antimeridian for two', async () => {
    const across = await get('places/items?bbox=177,-19,-179,-16&limit=10000')
    const east = await get('places/items?bbox=177,-19,180,-16&limit=10000')
    const west = await get('places/items?bbox=-180,-19,-179,-16&limit=10000')
    expect(ids(across).toSorted()).toEqual([...ids(east), ...ids(west)].toSorted())
    expect(ids(across).length).toBeGreaterThan(0)
  })

  it('goes on with a token in the query, as it came', async () => {
    const first = await get(`places/items?limit=2&access_token=${token}`, {})
    const second = await get(linkOf(first, 'next')!, {})
    expect(second.features).toHaveLength(2)
    const inHeader = await get('places/items?limit=2')
    expect(linkOf(inHeader, 'next')).not.toContain('access_token')
  })

  it('shows one by its id, with its source', async () => {
    const { features, attribution } = await get(`places/items?bbox=${bbox}&limit=3`)
    for (const feature of features) {
      const one = await get<Feature & Page>(`places/items/${feature.id}`)
      expect(one).toMatchObject({ ...feature, attribution })
      expect(await get(linkOf(one, 'self')!)).toEqual(one)
    }
  })
})

describe('GET /maps/collections/places/nearest', () => {
  it('finds Copenhagen from its middle, and from further away in order', async () => {
    const page = await get('places/nearest?point=12.566,55.676&limit=5')
    const found = page.features as (Feature & { distanceMeters: number })[]
    expect(found[0]!.properties!.name).toBe('Copenhagen')
    const distances = found.map(({ distanceMeters }) => distanceMeters)
    expect(distances).toEqual(distances.toSorted((one, other) => one - other))
    expect(distances[0]).toBeLessThan(2_000)
  })

  it('finds the same as looking at every place around', async () => {
    const nearest = await get('places/nearest?point=12.6,55.4')
    const { features } = await get('places/items?bbox=12,55,13.2,55.8&limit=10000')
    const byDistance = features.map(({ id, geometry }) => {
      const [longitude, latitude] = (geometry as Point).coordinates as [number, number]
      const east = (longitude - 12.6) * Math.cos((55.4 * Math.PI) / 180)
      return { id, squared: east ** 2 + (latitude - 55.4) ** 2 }
    })
    const [closest] = byDistance.toSorted((one, other) => one.squared - other.squared)
    expect(nearest.features[0]!.id).toBe(closest!.id)
  })
})

describe('GET /maps/collections/countries/items', () => {
  it('finds those that a box touches', async () => {
    const { features, attribution } = await get('countries/items?bbox=12.5,55.6,13.1,55.7')
    const names = features.map(({ properties }) => properties!.name as string)
    expect(names.toSorted()).toEqual(['Denmark', 'Sweden'])
    expect(features[0]!.geometry.type).toBe('MultiPolygon')
    expect(attribution).toContain('Natural Earth')
  })

  it('is GeoJSON by its media type', async () => {
    const url = `${server.url}/maps/collections/countries/items?limit=1`
    const response = await fetch(url, { headers: bearer(token) })
    expect(response.headers.get('content-type')).toBe('application/geo+json')
  })
})
