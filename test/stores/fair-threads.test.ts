import { afterAll, beforeAll, expect, it } from 'vitest'
import { wholeScope } from '../../server/access/scopes/whole-scope.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import { commandLine, createDemoClient, testSettings } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'

describeDatabases('one who asks for very much', (_kind, locate) => {
  let app: TestApp
  let authorization: string

  beforeAll(async () => {
    const location = await locate()
    const { maps } = testSettings(location)
    app = await openTestApp(location, { settings: { maps: { ...maps, workers: 1 } } })
    const { access } = app
    await access.collections.create(commandLine, {
      id: 'points',
      customerId: null,
      title: 'Points',
      visibility: 'open',
    })
    const points = Array.from({ length: 3_000 }, (_, index) => ({
      id: String(index),
      geometry: { type: 'Point' as const, coordinates: [index / 100, 1] },
      properties: {},
    }))
    const scope = wholeScope(() => access.collections.all())
    await importFeatures(app.maps, scope, 'points', { schema: [], dimension: 0 }, points)
    const client = await createDemoClient(access)
    const answer = await app.http.inject({
      method: 'POST',
      url: '/oauth2/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.text,
      }).toString(),
    })
    authorization = `Bearer ${answer.json().access_token}`
  })
  afterAll(() => app[Symbol.asyncDispose]())

  it.each([
    ['tiles', (index: number) => `/maps/tiles/points/10/${512 + index}/509.pbf`],
    ['long reads', (index: number) => `/maps/collections/points/items?limit=${2_000 + index}`],
  ])('of %s holds up neither other networks nor clients', async (_, urlOf) => {
    const answered: string[] = []
    const get = async (name: string, remoteAddress: string, index: number, headers = {}) => {
      const { statusCode } = await app.http.inject({ url: urlOf(index), remoteAddress, headers })
      answered.push(`${name} ${statusCode}`)
    }
    await Promise.all([
      ...Array.from({ length: 19 }, (_, index) => get('many', '192.0.2.1', index)),
      get('network', '192.0.2.2', 19),
      get('client', '192.0.2.1', 20, { authorization }),
    ])
    expect(answered.toSorted()).toEqual([
      'client 200',
      ...Array(19).fill('many 200'),
      'network 200',
    ])
    expect(answered.indexOf('network 200')).toBeLessThan(8)
    expect(answered.indexOf('client 200')).toBeLessThan(8)
  })
})
