import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import type { FeatureCollection, Point } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireDeclarations } from '../../http/route.ts'
import type { Link } from './links.ts'
import { mapRoutes } from './routes.ts'
import { openSqliteMapStore } from '../store/sqlite-store.ts'
import type { CollectionDescription, MapStore } from '../store/map-store.ts'

const capitals: CollectionDescription = {
  id: 'capitals',
  title: 'Capitals',
  description: 'Some capitals.',
  attribution: 'GeoNames',
  licence: { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' },
  geometryType: 'Point',
}

type Answer = FeatureCollection<Point> & {
  numberReturned: number
  attribution: string
  links: Link[]
  features: { distanceMeters?: number }[]
}

describe('the map data API', () => {
  let folder: string
  let store: MapStore
  let app: FastifyInstance

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mapgate-test-'))
    store = await openSqliteMapStore(join(folder, 'maps.sqlite'))
    const positions: Record<string, [number, number]> = {
      helsinki: [24.94, 60.17],
      tallinn: [24.75, 59.44],
      suva: [178.44, -18.14],
      apia: [-171.76, -13.83],
      'a/b ä': [0, 0],
    }
    const features = Object.entries(positions).map(([id, coordinates]) => ({
      id,
      geometry: { type: 'Point' as const, coordinates },
      properties: { name: id },
    }))
    await store.replaceCollection(capitals, features)
    await store.replaceCollection({ ...capitals, id: 'shapes', geometryType: 'Polygon' }, [])
    await store.replaceCollection({ ...capitals, id: 'hidden' }, features)
    app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: true } } })
    requireDeclarations(app)
    await app.register(swagger, { openapi: { openapi: '3.1.0' } })
    await app.register(mapRoutes, {
      prefix: '/maps',
      store,
      publicUrl: 'https://maps.example',
      accessScope: () => ({ read: (id) => (id === 'hidden' ? 'none' : 'all') }),
    })
  })
  afterAll(async () => {
    await app.close()
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  async function get<Body = Answer>(url: string, status = 200): Promise<Body> {
    const response = await app.inject(url)
    expect(response.statusCode, response.body).toBe(status)
    return response.json()
  }

  function linkOf(answer: { links: Link[] }, rel: string): string | undefined {
    return answer.links.find((link) => link.rel === rel)?.href
  }

  function idsOf(answer: Answer): unknown[] {
    return answer.features.map((feature) => feature.id)
  }

  it('links from the landing page to the collections', async () => {
    const landing = await get<{ links: Link[] }>('/maps')
    expect(linkOf(landing, 'self')).toBe('https://maps.example/maps')
    expect(linkOf(landing, 'data')).toBe('https://maps.example/maps/collections')
    expect(linkOf(landing, 'service-desc')).toBe('https://maps.example/openapi.json')
  })

  it('lists the collections that the caller may see', async () => {
    const { collections } = await get<{ collections: { id: string; links: Link[] }[] }>(
      '/maps/collections',
    )
    expect(collections.map(({ id }) => id)).toEqual(['capitals', 'shapes'])
    expect(await get<unknown>('/maps/collections/capitals')).toEqual(collections[0])
    expect(collections[0]).toMatchObject({
      title: 'Capitals',
      attribution: 'GeoNames',
      featureCount: 5,
      extent: { spatial: { bbox: [[-171.76, -18.14, 178.44, 60.17]] } },
    })
    expect(linkOf(collections[0]!, 'items')).toBe(
      'https://maps.example/maps/collections/capitals/items',
    )
    expect(linkOf(collections[0]!, 'license')).toBe(capitals.licence.url)
  })

  it('answers GeoJSON with attribution and links', async () => {
    const response = await app.inject('/maps/collections/capitals/items?bbox=24,59,25,61')
    expect(response.headers['content-type']).toBe('application/geo+json')
    const answer = response.json<Answer>()
    expect(answer).toMatchObject({
      type: 'FeatureCollection',
      numberReturned: 2,
      attribution: 'GeoNames',
    })
    expect(idsOf(answer)).toEqual(['helsinki', 'tallinn'])
    expect(answer.features[0]).toEqual({
      type: 'Feature',
      id: 'helsinki',
      geometry: { type: 'Point', coordinates: [24.94, 60.17] },
      properties: { name: 'helsinki' },
    })
    expect(linkOf(answer, 'self')).toBe(
      'https://maps.example/maps/collections/capitals/items?bbox=24%2C59%2C25%2C61&limit=100',
    )
    expect(linkOf(answer, 'collection')).toBe('https://maps.example/maps/collections/capitals')
    expect(linkOf(answer, 'license')).toBe(capitals.licence.url)
    expect(linkOf(answer, 'next')).toBeUndefined()
  })

  it('finds what lies in a box across the antimeridian', async () => {
    expect(idsOf(await get('/maps/collections/capitals/items?bbox=178,-20,-170,0'))).toEqual([
      'suva',
      'apia',
    ])
  })

  it('leads through all pages by next links, which keep the query', async () => {
    const seen: unknown[] = []
    let url: string | undefined = '/maps/collections/capitals/items?limit=2&bbox=-180,-90,180,61'
    while (url) {
      const answer: Answer = await get(url)
      seen.push(...idsOf(answer))
      url = linkOf(answer, 'next')?.replace('https://maps.example', '')
      if (url) expect(url).toContain('limit=2&bbox=-180%2C-90%2C180%2C61&after=')
    }
    expect(seen).toEqual(['helsinki', 'tallinn', 'suva', 'apia', 'a/b ä'])
  })

  it('repeats a token in links only if it came in the query', async () => {
    const path = '/maps/collections/capitals/items?limit=1'
    const plain = await app.inject({ url: path, headers: { authorization: 'Bearer sesame' } })
    expect(plain.body).not.toContain('sesame')
    expect(plain.body).not.toContain('access_token')
    const answer = await get(`${path}&access_token=sesame`)
    for (const rel of ['self', 'next', 'collection']) {
      expect(linkOf(answer, rel)).toContain('access_token=sesame')
    }
    expect(linkOf(answer, 'license')).not.toContain('sesame')
  })

  it('shows one feature', async () => {
    const feature = await get<{ id: string; attribution: string; links: Link[] }>(
      `/maps/collections/capitals/items/${encodeURIComponent('a/b ä')}`,
    )
    expect(feature).toMatchObject({ type: 'Feature', id: 'a/b ä', attribution: 'GeoNames' })
    expect(linkOf(feature, 'self')).toBe(
      'https://maps.example/maps/collections/capitals/items/a%2Fb%20%C3%A4',
    )
    expect(linkOf(feature, 'license')).toBe(capitals.licence.url)
  })

  it('finds the nearest with their distances', async () => {
    const one = await get('/maps/collections/capitals/nearest?point=25,60')
    expect(idsOf(one)).toEqual(['helsinki'])
    expect(one.features[0]!.distanceMeters).toBeCloseTo(19_190, -2)
    expect(one.attribution).toBe('GeoNames')
    const two = await get('/maps/collections/capitals/nearest?point=180,-16&limit=2')
    expect(idsOf(two)).toEqual(['suva', 'apia'])
  })

  it.each([
    ['/items?bbox=1,2,3', 'bbox: must be four numbers'],
    ['/items?bbox=1,5,3,4', 'bbox: south (5)'],
    ['/items?bbox=1,2,3,4&bbox=1,2,3,4', 'bbox'],
    ['/items?limit=0', 'limit'],
    ['/items?limit=many', 'limit'],
    ['/items?limit=1.5', 'limit'],
    ['/items?limit=1&limit=2', 'limit'],
    ['/items?after=-1', 'after: is not a cursor'],
    ['/items?after=zzzzzz', 'after: is not a cursor'],
    ['/items?after=1%20or%201', 'after: is not a cursor'],
    ['/items?after=', 'after: is not a cursor'],
    ['/items?colour=red', 'additional properties'],
    ['/nearest', 'point'],
    ['/nearest?point=24', 'point: must be two numbers'],
    ['/nearest?point=0,91', 'point: latitude 91'],
    ['/nearest?point=0,0&limit=101', 'limit'],
  ])('refuses %s', async (path, message) => {
    const error = await get<{ message: string }>(`/maps/collections/capitals${path}`, 400)
    expect(error.message).toContain(message)
  })

  it('refuses the nearest of what are no points', async () => {
    const error = await get<{ message: string }>('/maps/collections/shapes/nearest?point=0,0', 400)
    expect(error.message).toContain('not a collection of points')
  })

  it('takes a limit above the maximum for the maximum (17-069r4 §7.15.2)', async () => {
    expect((await get('/maps/collections/capitals/items?limit=99999')).numberReturned).toBe(5)
  })

  it.each([
    '/maps/collections/none',
    '/maps/collections/none/items',
    '/maps/collections/none/nearest?point=0,0',
    '/maps/collections/capitals/items/none',
    '/maps/collections/hidden',
    '/maps/collections/hidden/items',
    '/maps/collections/hidden/items/suva',
    '/maps/collections/hidden/nearest?point=0,0',
  ])('does not know %s', async (url) => {
    expect((await get<{ message: string }>(url, 404)).message).toContain('there is no')
  })

  it('is described for the API reference', () => {
    const { paths } = app.swagger() as unknown as { paths: Record<string, { get: object }> }
    expect(Object.keys(paths)).toEqual([
      '/maps',
      '/maps/collections',
      '/maps/collections/{collectionId}',
      '/maps/collections/{collectionId}/items',
      '/maps/collections/{collectionId}/items/{featureId}',
      '/maps/collections/{collectionId}/nearest',
    ])
    expect(paths['/maps/collections/{collectionId}/items']!.get).toMatchObject({
      summary: 'List features',
      responses: { 200: { content: { 'application/geo+json': {} } } },
    })
  })
})
