import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VectorTile } from '@mapbox/vector-tile'
import type { Polygon } from 'geojson'
import { PbfReader } from 'pbf'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { databaseEnvironment } from '../support/installation.ts'
import { mapgate, type RunningServer, startServer, temporaryFolder } from '../support/server.ts'
import { asked, CALLBACK, redeem } from './authorization.ts'
import { generous, withConfig } from './config-file.ts'
import { authorizationUrl, authorize, createAccount, type Person, signIn } from './person.ts'
import { answerOf, bearer, createClient, type Credentials, getToken } from './requests.ts'

/**
 * What is seen of another customer's data, and how soon it is not: changes go to one server, and are
 * looked at on another that shares its database.
 */

const squareOf = (west: number, east: number): Polygon => ({
  type: 'Polygon',
  coordinates: [
    [
      [west, 0],
      [east, 0],
      [east, 10],
      [west, 10],
      [west, 0],
    ],
  ],
})

/** A point in the middle of each degree, from 0 to 10 both ways: `3-7` is at 3.5, 7.5. */
const points = Array.from({ length: 100 }, (_, index) => {
  const [x, y] = [Math.floor(index / 10), index % 10]
  return {
    type: 'Feature',
    id: `${x}-${y}`,
    geometry: { type: 'Point', coordinates: [x + 0.5, y + 0.5] },
    properties: { name: `Tree ${x}-${y}` },
  }
})

/** Those of these columns, in order. */
const columns = (...xs: number[]) =>
  points.map(({ id }) => id).filter((id) => xs.includes(Number(id.split('-')[0])))

/** What the answers of the map data API have that is looked at here. */
interface MapAnswer {
  collections: { id: string }[]
  features: { id: string }[]
  numberReturned: number
  extent: { spatial: { bbox: [number[]] } }
}

describe.each(['sqlite', 'postgres'] as const)('another customer’s collection (%s)', (kind) => {
  /** Changes are made here, and looked at there. */
  let here: RunningServer
  let there: RunningServer
  let folder: string
  let operator: string
  let owner: string
  let reader: string
  let web: Credentials

  beforeAll(async () => {
    folder = temporaryFolder()
    const environment = {
      ...(await databaseEnvironment(kind)),
      ...withConfig({ limits: { ...generous.limits, store: 'shared' } }),
    }
    here = await startServer({ environment, dataDir: folder })
    there = await startServer({
      environment: { ...environment, MAPGATE_PUBLIC_URL: here.url },
      dataDir: folder,
    })
    await mapgate(here, 'customers', 'create', 'Demo', '--id', 'demo')
    const operating = await createClient(here, '--scope', 'read operate manage')
    operator = await getToken(here, operating)
    const client = async (customerId: string, ...scopes: string[]) => {
      await admin('POST', '/customers', operator, { id: customerId, name: customerId })
      return getToken(here, await addClient({ customerId, scopes }))
    }
    owner = await client('owner', 'read', 'write', 'manage')
    reader = await client('reader', 'read', 'write')
    web = await addClient({
      customerId: 'demo',
      scopes: ['read', 'write'],
      grants: ['authorization_code'],
      redirectUris: [CALLBACK],
    })
    const file = join(folder, 'trees.geojson')
    await writeFile(file, JSON.stringify({ type: 'FeatureCollection', features: points }))
    for (const id of ['trees', 'roads']) {
      await mapgate(here, 'import', file, '--collection', id, '--customer', 'owner')
    }
  })
  afterAll(async () => {
    await here[Symbol.asyncDispose]()
    await there[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function admin(method: string, path: string, token: string, body?: object) {
    const response = await fetch(`${here.url}/admin${path}`, {
      method,
      headers: { ...bearer(token), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return text === '' ? null : (JSON.parse(text) as { id: string; secret: string })
  }

  async function addClient(client: object): Promise<Credentials> {
    const body = { displayName: 'Client', ...client }
    const { id: clientId } = (await admin('POST', '/clients', operator, body))!
    const path = `/clients/${clientId}/secrets`
    const created = await admin('POST', path, operator, { description: 'first' })
    return { clientId, secret: created!.secret }
  }

  const setVisibility = (visibility: string) =>
    admin('PATCH', '/collections/trees', owner, { visibility })

  async function subscribe(terms: object = {}): Promise<string> {
    const body = { customerId: 'reader', collectionId: 'trees', ...terms }
    return (await admin('POST', '/subscriptions', owner, body))!.id
  }

  async function read(path: string, token: string | null) {
    const response = await fetch(`${there.url}/maps${path}`, {
      headers: token === null ? {} : bearer(token),
    })
    const body = (await response.json()) as MapAnswer
    return { status: response.status, body }
  }

  /** The ids by the names in the tile around them all, which was drawn and kept before; null: 404. */
  async function drawnFor(token: string | null): Promise<string[] | null> {
    const answer = await fetch(`${there.url}/maps/tiles/trees/3/4/3.pbf`, {
      headers: token === null ? {} : bearer(token),
    })
    const bytes = await answer.arrayBuffer()
    if (answer.status === 204) return []
    if (answer.status !== 200) {
      expect(answer.status).toBe(token === null ? 401 : 404)
      return null
    }
    const layer = new VectorTile(new PbfReader(bytes)).layers['trees']!
    return Array.from({ length: layer.length }, (_, index) =>
      String(layer.feature(index).properties['name']).replace('Tree ', ''),
    )
  }

  /** Every way to the features agrees on which these are; null: there is no such collection. */
  async function seenBy(token: string | null): Promise<string[] | null> {
    const all = await read('/collections/trees/items?limit=1000', token)
    const listed = (await read('/collections', token)).body.collections
    expect(listed.some(({ id }) => id === 'trees')).toBe(all.status === 200)
    const described = await read('/collections/trees', token)
    expect(described.status).toBe(all.status)
    if (all.status !== 200) {
      expect(all.status).toBe(token === null ? 401 : 404)
      return null
    }
    return all.body.features.map(({ id }) => id)
  }

  /** Tokens that are out see this within a second, on the other server, in tiles too from then on. */
  async function expectSeen(token: string | null, ids: string[] | null): Promise<void> {
    await vi.waitFor(async () => expect(await seenBy(token)).toEqual(ids), 1_000)
    expect(await drawnFor(token)).toEqual(ids)
  }

  it('is the owner’s alone until it is made visible', async () => {
    await expectSeen(owner, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    for (const token of [reader, operator, null]) await expectSeen(token, null)
    await setVisibility('public')
    await expectSeen(reader, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    await expectSeen(null, null)
    await setVisibility('open')
    await expectSeen(null, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    await setVisibility('private')
    for (const token of [reader, operator, null]) await expectSeen(token, null)
    expect(await seenBy(owner)).toHaveLength(100)
  })

  it('is seen by who subscribes, within an area, which may change, until that ends', async () => {
    await setVisibility('subscription')
    const id = await subscribe({ area: squareOf(0, 3) })
    await expectSeen(reader, columns(0, 1, 2))
    await expectSeen(operator, null)

    // Nothing of the rest by any other way.
    const outside = await read('/collections/trees/items/7-7', reader)
    const unknown = await read('/collections/trees/items/no', reader)
    expect([outside.status, unknown.status]).toEqual([404, 404])
    const far = await read('/collections/trees/items?bbox=5,0,10,10', reader)
    expect([far.status, far.body.features]).toEqual([200, []])
    const nearest = await read('/collections/trees/nearest?point=9,9&limit=3', reader)
    expect(nearest.body.features.map((feature) => feature.id)).toEqual(
      expect.arrayContaining(['2-8', '2-9']),
    )
    const page = await read('/collections/trees/items?limit=7', reader)
    expect(page.body.numberReturned).toBe(7)
    const { extent } = (await read('/collections/trees', reader)).body
    expect(extent.spatial.bbox[0][2]).toBeLessThanOrEqual(3)

    await admin('PATCH', `/subscriptions/${id}`, owner, { area: squareOf(2, 5) })
    await expectSeen(reader, columns(2, 3, 4))
    await admin('PATCH', `/subscriptions/${id}`, owner, { area: null })
    await expectSeen(reader, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    await setVisibility('private')
    await expectSeen(reader, null)
    await setVisibility('subscription')
    await admin('DELETE', `/subscriptions/${id}`, owner)
    await expectSeen(reader, null)
  })

  it('is seen until who subscribes ends it, which is all that may be done about it there', async () => {
    const id = await subscribe({ area: squareOf(0, 3) })
    await expectSeen(reader, columns(0, 1, 2))
    const scopes = ['read', 'manage']
    const manager = await getToken(here, await addClient({ customerId: 'reader', scopes }))
    const path = `/subscriptions/${id}`
    await expect(admin('PATCH', path, manager, { area: null })).rejects.toThrow(/^403 /)
    await expectSeen(reader, columns(0, 1, 2))
    await admin('DELETE', path, manager)
    await expectSeen(reader, null)
  })

  it('is seen for as long as the subscription says', async () => {
    const from = Date.now() + 400
    const iso = (at: number) => new Date(at).toISOString()
    const id = await subscribe({ from: iso(from), to: iso(from + 1_500) })
    expect(await seenBy(reader)).toBeNull()
    await vi.waitFor(async () => expect(await seenBy(reader)).toHaveLength(100), 1_400)
    await vi.waitFor(async () => expect(await seenBy(reader)).toBeNull(), 3_000)
    // What is over is in nobody's way.
    expect(await subscribe()).not.toBe(id)
    await expectSeen(reader, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
  })

  it('is not seen by customers that are suspended, nor when it is deleted', async () => {
    await admin('POST', '/customers/reader/suspend', operator)
    await vi.waitFor(
      async () => expect((await read('/collections/trees', reader)).status).toBe(401),
      1_000,
    )
    await admin('POST', '/customers/reader/resume', operator)
    await expectSeen(reader, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))

    const roads = () => read('/collections/roads/items?limit=1', owner)
    expect((await roads()).body.features).toHaveLength(1)
    await admin('DELETE', '/collections/roads', owner)
    await vi.waitFor(async () => expect((await roads()).status).toBe(404), 1_000)
    // Another one under its id has none of its data.
    await admin('POST', '/collections', owner, { id: 'roads', title: 'Roads' })
    await vi.waitFor(async () => {
      const again = await roads()
      expect([again.status, again.body.features]).toEqual([200, []])
    }, 1_000)
  })

  describe('for people', () => {
    async function tokenOf(person: Person): Promise<string> {
      const request = asked(web, { scope: 'read write' })
      const code = (await authorize(person, authorizationUrl(here, request))).get('code')
      const { body } = await answerOf(redeem(here, web, code!))
      return String(body.access_token)
    }

    it('is seen by members of the owner, until they are members no more', async () => {
      await createAccount(here, 'olga@owner.example', { customer: 'owner', role: 'owner' })
      await createAccount(here, 'vera@owner.example', { customer: 'owner', role: 'viewer' })
      const [olga, vera] = [
        await signIn(here, 'olga@owner.example'),
        await signIn(here, 'vera@owner.example'),
      ]
      const token = await tokenOf(vera)
      await expectSeen(token, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
      const { id } = await mapgate<{ id: string }>(here, 'accounts', 'show', 'vera@owner.example')
      const page = await olga.open('/account/members?customer=owner')
      await olga.submit(page, `remove-${id}-form`)
      await vi.waitFor(async () => expect(await seenBy(token)).toBeNull(), 1_000)
    })

    it('is seen by members of a subscriber, until they withdraw the consent', async () => {
      await createAccount(here, 'rosa@reader.example', { customer: 'reader' })
      const rosa = await signIn(here, 'rosa@reader.example')
      const token = await tokenOf(rosa)
      await expectSeen(token, columns(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
      const page = await rosa.open('/account/consents')
      const [form] = /withdraw-[^"]+-form/.exec(page.text)!
      await rosa.submit(page, form)
      await vi.waitFor(async () => {
        expect((await read('/collections/trees', token)).status).toBe(401)
        const tile = await fetch(`${there.url}/maps/tiles/trees/3/4/3.pbf`, {
          headers: bearer(token),
        })
        expect(tile.status).toBe(401)
      }, 1_000)
    })
  })
})
