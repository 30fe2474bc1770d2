import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDemoClient } from '../../../test/support/access.ts'
import { openTestApp, type TestApp } from '../../../test/support/app.ts'
import { type TestFeature, text } from '../../../test/support/collections.ts'
import { temporaryFolder } from '../../../test/support/server.ts'
import { systemActor } from '../../access/audit/actor.ts'
import { wholeScope } from '../../access/scopes/whole-scope.ts'
import { importFeatures } from '../../maps/store/import-features.ts'

const CLIENT_ID = '11111111-0000-0000-0000-000000000000'

let app: TestApp
let secret: string

beforeEach(async () => {
  app = await openTestApp({ kind: 'sqlite', file: join(temporaryFolder(), 'mapgate.sqlite') })
  secret = (await createDemoClient(app.access, { id: CLIENT_ID })).text
  const { collections } = app.access
  for (const [id, features] of Object.entries(sample)) {
    await collections.create(systemActor, { id, ...description })
    const scope = wholeScope(() => collections.all())
    await importFeatures(app.maps, scope, id, definitions[id as keyof typeof sample], features)
  }
})

afterEach(async () => {
  await app[Symbol.asyncDispose]()
  await rm(app.settings.dataDir, { recursive: true })
})

function login(form: Record<string, string> = {}) {
  return app.http.inject({
    method: 'POST',
    url: '/mapiq/account/api/public/oauth2/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'https://api.mapiq.com/public/.default',
      client_id: CLIENT_ID,
      client_secret: secret,
      ...form,
    }).toString(),
  })
}

async function get(path: string, token?: string) {
  const bearer = token ?? (await login()).json<{ access_token: string }>().access_token
  return app.http.inject({
    url: `/mapiq/api${path}`,
    headers: { authorization: `Bearer ${bearer}` },
  })
}

describe('the token endpoint', () => {
  it('answers the documented properties', async () => {
    const answer = await login()
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    const body = answer.json<Record<string, number>>()
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      scope: 'read',
      not_before: expect.any(Number),
      expires_in: 3_600,
      expires_on: expect.any(Number),
      resource: `${app.settings.publicUrl}/maps`,
    })
    expect(body.expires_on! - body.not_before!).toBe(3_600)
  })

  it('answers errors by RFC 6749 §5.2', async () => {
    const wrong = await login({ client_secret: 'wrong' })
    expect([wrong.statusCode, wrong.json<{ error: string }>().error]).toEqual([
      401,
      'invalid_client',
    ])
    const scope = await login({ scope: 'https://api.example.com/.default' })
    expect([scope.statusCode, scope.json<{ error: string }>().error]).toEqual([
      400,
      'invalid_scope',
    ])
  })
})

describe('the data endpoints', () => {
  it('pages through places within a box, with the attribution', async () => {
    const first = await get('/v2/places?bbox=10,55,13,56&limit=1')
    expect(first.statusCode).toBe(200)
    expect(first.json()).toEqual({
      places: [
        {
          id: 'dk-1',
          name: 'Odense',
          countryCode: 'DK',
          region: 'Syddanmark',
          district: null,
          latitude: 55.4,
          longitude: 10.38,
        },
      ],
      nextPage: expect.stringMatching(/^[\w-]{22}$/),
      attribution: 'Someone',
      licence: { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' },
    })
    const { nextPage } = first.json<{ nextPage: string }>()
    const second = await get(`/v2/places?bbox=10,55,13,56&limit=1&page=${nextPage}`)
    expect(second.json()).toMatchObject({ places: [{ id: 'dk-2' }], nextPage: null })
  })

  it('finds one place, and the nearest ones', async () => {
    const one = await get('/v2/places/dk-2')
    expect(one.json()).toMatchObject({ id: 'dk-2', name: 'København', attribution: 'Someone' })
    const near = await get('/v2/places/nearest?latitude=55.6&longitude=12.5&limit=2')
    expect(near.json<{ places: object[] }>().places).toMatchObject([
      { id: 'dk-2', distanceMeters: expect.any(Number) },
      { id: 'dk-1' },
    ])
    const within = await get('/v2/places/nearest?latitude=55.6&longitude=12.5&limit=2&radius=20000')
    expect(within.json<{ places: object[] }>().places).toHaveLength(1)
  })

  it('lists countries without outlines, and shows one with its outline', async () => {
    const list = await get('/v2/countries')
    expect(list.json()).toMatchObject({
      countries: [{ id: '208', name: 'Denmark' }],
      nextPage: null,
    })
    const one = await get('/v2/countries/208')
    expect(one.json()).toEqual({
      id: '208',
      name: 'Denmark',
      geometry: sample.countries[0]!.geometry,
      attribution: 'Someone',
      licence: { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' },
    })
  })

  it('refuses bad parameters by name, in Mapiq’s form', async () => {
    const token = (await login()).json<{ access_token: string }>().access_token
    const faults: Record<string, string> = {
      '/v2/places?bbox=1,2,3': 'bbox',
      '/v2/places?bbox=%00': 'bbox',
      '/v2/places?limit=0': 'limit',
      '/v2/places?limit=1&limit=2': 'limit',
      '/v2/places?page=x': 'page',
      '/v2/places?page=2147483648': 'page',
      '/v2/places?pages=2': 'pages',
      '/v2/places/nearest?latitude=1': 'longitude',
      '/v2/places/nearest?latitude=91&longitude=1': 'latitude',
      '/v2/places/a%00': 'placeId',
      '/v2/countries?limit=101': 'limit',
      '/v2/countries/a%00': 'countryId',
    }
    for (const [path, parameter] of Object.entries(faults)) {
      const answer = await get(path, token)
      const body = answer.json<{ statusCode: number; message: string }>()
      expect(Object.keys(body), path).toEqual(['statusCode', 'message'])
      expect([answer.statusCode, body.statusCode], path).toEqual([400, 400])
      expect(body.message, path).toMatch(new RegExp(`^${parameter}\\b`))
    }
  })

  it('is the installation’s, never a customer’s that took the id', async () => {
    const { collections, customers } = app.access
    const taken = await collections.delete(systemActor, 'places')
    expect(taken).toMatchObject({ id: 'places' })
    await customers.create(systemActor, { id: 'other', name: 'Other' })
    const theirs = { id: 'places', ...description, customerId: 'other' }
    expect(await collections.create(systemActor, theirs)).toMatchObject({ kind: 'created' })
    const scope = wholeScope(() => collections.all())
    await importFeatures(app.maps, scope, 'places', definitions.places, sample.places)
    for (const path of [
      '/v2/places',
      '/v2/places/dk-1',
      '/v2/places/nearest?latitude=1&longitude=1',
    ]) {
      expect((await get(path)).statusCode, path).toBe(404)
    }
    expect((await get('/v2/countries')).statusCode).toBe(200)
  })

  it('answers 404 for what is not there', async () => {
    for (const path of ['/v2/places/dk-9', '/v2/nothing', '/']) {
      const answer = await get(path)
      expect(answer.statusCode, path).toBe(404)
      expect(answer.body, path).toBe('{"statusCode":404,"message":"Resource not found"}')
    }
  })

  it('answers 401 without a good token, and says where one comes from', async () => {
    const none = await app.http.inject({ url: '/mapiq/api/v2/places' })
    expect(none.statusCode).toBe(401)
    expect(none.json()).toEqual({ statusCode: 401, message: 'An access token is needed.' })
    expect(none.headers['www-authenticate']).toMatch(/^Bearer realm=.*resource_metadata=/)
    const bad = await get('/v2/places', 'a.b.c')
    expect(bad.statusCode).toBe(401)
    expect(bad.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  it('answers 403 to a token without the scope', async () => {
    const { text } = await createDemoClient(app.access, { id: 'writer', scopes: ['write'] })
    const answered = await login({ client_id: 'writer', client_secret: text })
    const token = answered.json<{ access_token: string }>().access_token
    const answer = await get('/v2/places', token)
    expect(answer.statusCode).toBe(403)
    expect(answer.json()).toEqual({
      statusCode: 403,
      message: 'The access token lacks the scope.',
    })
  })

  it('refuses the 21st call within a minute with the documented body, on that endpoint alone', async () => {
    const token = (await login()).json<{ access_token: string }>().access_token
    for (let call = 1; call <= 20; call++) {
      const answer = await get('/v2/countries', token)
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['ratelimit-policy']).toBe('"endpoint";q=20;w=60')
    }
    const refused = await get('/v2/countries', token)
    const wait = refused.headers['retry-after'] as string
    expect(refused.statusCode).toBe(429)
    expect(refused.body).toBe(
      `{"statusCode":429,"message":"Rate limit is exceeded. Try again in ${wait} seconds."}`,
    )
    expect(refused.headers['content-type']).toMatch(/^application\/json/)
    expect(refused.headers.ratelimit).toBe(`"endpoint";r=0;t=${wait}`)
    expect((await get('/v2/places', token)).statusCode).toBe(200)
  })
})

it('is not there when it is switched off', async () => {
  const { dataDir, dialects } = app.settings
  await app[Symbol.asyncDispose]()
  app = await openTestApp(
    { kind: 'sqlite', file: join(dataDir, 'mapgate.sqlite') },
    { settings: { dialects: { ...dialects, mapiq: false } } },
  )
  expect((await login()).statusCode).toBe(404)
})

const description = {
  customerId: null,
  visibility: 'public',
  title: '',
  description: '',
  attribution: 'Someone',
  licence: { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' },
  madeOf: null,
} as const

const definitions = {
  places: {
    schema: ['name', 'country', 'admin1', 'admin2'].map((name) => text(name)),
    dimension: 0,
  },
  countries: { schema: [text('name')], dimension: 2 },
} as const

const sample: Record<'places' | 'countries', TestFeature[]> = {
  places: [
    point('dk-1', [10.38, 55.4], 'Odense', 'Syddanmark'),
    point('dk-2', [12.57, 55.68], 'København', 'Hovedstaden'),
    point('fo-1', [-6.77, 62.01], 'Tórshavn', null),
  ],
  countries: [
    {
      id: '208',
      geometry: {
        type: 'MultiPolygon',
        coordinates: [
          [
            [
              [8, 54],
              [13, 54],
              [13, 58],
              [8, 54],
            ],
          ],
        ],
      },
      properties: { name: 'Denmark' },
    },
  ],
}

function point(
  id: string,
  coordinates: [number, number],
  name: string,
  admin1: string | null,
): TestFeature {
  const country = id.slice(0, 2).toUpperCase()
  return {
    id,
    geometry: { type: 'Point', coordinates },
    properties: { name, country, admin1, admin2: null },
  }
}
