import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { wholeScope } from '../../server/access/scopes/whole-scope.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import { commandLine, createDemoClient } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { rectangle, type TestFeature } from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'

type Demo = Awaited<ReturnType<typeof createDemoClient>>

const ORIGIN = 'https://maps.example.com'
const TILE = '/maps/tiles/trees/3/4/3.pbf'
const EMPTY_TILE = '/maps/tiles/trees/3/0/0.pbf'

interface Answer {
  status: number
  /** But for when it was given and how many more may be. */
  headers: Record<string, unknown>
  body: string
  remaining: number
}

describeDatabases('a tile that is kept', (_kind, locate) => {
  let app: TestApp
  let demo: Demo
  let token: string
  /** How many were answered before Fastify saw the request. */
  let taken = 0

  beforeAll(async () => {
    app = await openTestApp(await locate())
    const { access, maps, http } = app
    demo = await createDemoClient(access)
    for (const [id, visibility] of [
      ['trees', 'public'],
      ['secrets', 'private'],
    ] as const) {
      await access.collections.create(commandLine, {
        id,
        customerId: id === 'trees' ? demo.customerId : null,
        title: id,
        visibility,
      })
      const features = [1, 2, 3].map((place): TestFeature => ({
        id: `${id}${place}`,
        geometry: { type: 'Point', coordinates: [place, place] },
        properties: { name: `${id} ${place}` },
      }))
      const scope = wholeScope(() => access.collections.all())
      const definition = { schema: [{ name: 'name', type: 'string' }], dimension: 0 } as const
      await importFeatures(maps, scope, id, definition, features)
    }
    await http.listen({ port: 0, host: '127.0.0.1' })
    const answerAtOnce = http.answerAtOnce!
    http.answerAtOnce = (...call) => {
      const isTaken = answerAtOnce(...call)
      if (isTaken) taken++
      return isTaken
    }
    token = await tokenOf(demo)
  })
  afterAll(() => app[Symbol.asyncDispose]())

  async function tokenOf({ clientId, text }: Demo): Promise<string> {
    const answer = await app.http.inject({
      method: 'POST',
      url: '/oauth2/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `grant_type=client_credentials&client_id=${clientId}&client_secret=${text}`,
    })
    return answer.json<{ access_token: string }>().access_token
  }

  /** @param headers names and values in turn, as they are sent */
  async function get(path: string, headers: readonly string[], method = 'GET'): Promise<Answer> {
    const { port } = app.http.server.address() as AddressInfo
    const sent = httpRequest({ port, path, method, headers: ['host', 'localhost', ...headers] })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part as Buffer)
    const { date: _date, ratelimit, ...told } = response.headers
    return {
      status: response.statusCode!,
      headers: told,
      body: Buffer.concat(parts).toString('latin1'),
      remaining: Number(/;r=(\d+)/.exec(String(ratelimit))?.[1]),
    }
  }

  /** Asks until the answer is at hand, or for as long as one may have to ask. */
  async function atHand(path: string, headers: readonly string[]): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const before = taken
      const answer = await get(path, headers)
      if (taken > before) return answer
      if (attempt === 20) throw new Error(`${path} is never at hand: ${answer.status}`)
    }
  }

  const bearer = (text = token) => ['Authorization', `Bearer ${text}`]

  it.each([
    [[]],
    [['Accept-Encoding', 'gzip']],
    [['Accept-Encoding', 'br;q=1, gzip;q=0.5']],
    [['Accept-Encoding', 'gzip;q=0']],
    [['Origin', ORIGIN]],
    [['X-Forwarded-For', '192.0.2.1', 'Cookie', 'a=b']],
  ])('is answered as by its route, asked with %j', async (headers) => {
    const short = await atHand(TILE, [...bearer(), ...headers])
    const before = taken
    // A query, though an empty one, is the route's to read.
    const long = await get(`${TILE}?`, [...bearer(), ...headers])
    expect(taken).toBe(before)
    expect({ ...short, remaining: 0 }).toEqual({ ...long, remaining: 0 })
    expect(short.status).toBe(200)
    expect(long.remaining).toBe(short.remaining - 1)
  })

  it('is answered as by its route when nothing is in it, and when it is known', async () => {
    const empty = await atHand(EMPTY_TILE, bearer())
    expect(empty).toMatchObject({ status: 204, body: '' })
    expect(await get(`${EMPTY_TILE}?`, bearer())).toMatchObject({
      status: 204,
      headers: empty.headers,
    })
    const { etag } = (await atHand(TILE, bearer())).headers
    const known = [...bearer(), 'If-None-Match', String(etag)]
    const short = await atHand(TILE, known)
    expect(short).toMatchObject({ status: 304, body: '' })
    expect(await get(`${TILE}?`, known)).toMatchObject({ status: 304, headers: short.headers })
  })

  it('is left to the route when there is anything about the call', async () => {
    await atHand(TILE, bearer())
    const before = taken
    const statuses = async (...calls: [path: string, headers: string[], method?: string][]) => {
      const found = []
      for (const call of calls) found.push((await get(...call)).status)
      return found
    }
    expect(
      await statuses(
        [TILE, []],
        [TILE, [...bearer(), ...bearer()]],
        [TILE, ['Authorization', `DPoP ${token}`]],
        [TILE, ['Authorization', `Basic ${token}`]],
        [TILE, bearer(`${token.slice(0, -4)}AAAA`)],
        [`${TILE}?access_token=${token}`, []],
        [TILE, bearer(), 'HEAD'],
        [TILE, bearer(), 'POST'],
        [TILE.replace('trees', 'secrets'), bearer()],
        [TILE.replace('trees', 'tr%65es'), bearer()],
        [TILE.replace('3.pbf', '8.pbf'), bearer()],
        [TILE.replace('3.pbf', '03.pbf'), bearer()],
        [`${TILE}/`, bearer()],
        [TILE.replace('.pbf', '.mvt'), bearer()],
      ),
    ).toEqual([401, 400, 401, 401, 401, 200, 200, 405, 404, 200, 400, 400, 404, 404])
    expect(taken).toBe(before)
  })

  it('needs the audience, the scope, and the web origin of a client token', async () => {
    await atHand(TILE, bearer())
    const uploader = await createDemoClient(app.access, { customerId: 'up', scopes: ['upload'] })
    const web = await createDemoClient(app.access, { customerId: 'web', webOrigins: [ORIGIN] })
    const ofUploader = bearer(await tokenOf(uploader))
    const client = await app.access.clients.find(web.clientId)
    const ofWeb = bearer(app.access.clientTokens.textOf(client!))
    const before = taken
    for (const headers of [ofUploader, ofWeb, [...ofWeb, 'Origin', 'https://other.example.com']]) {
      expect((await get(TILE, headers)).status).toBe(403)
    }
    const elsewhere = app.access.issueToken({
      client: (await app.access.clients.find(demo.clientId))!,
      secretId: demo.secretId,
      scopes: ['read'],
      audience: ['https://elsewhere.example.com/'],
      narrowed: false,
      lifetimeSeconds: 600,
    })
    expect((await get(TILE, bearer(elsewhere.accessToken))).status).toBe(401)
    expect(taken).toBe(before)
    await atHand(TILE, bearer())
    expect((await get(TILE, bearer(elsewhere.accessToken))).status).toBe(401)
    expect(await atHand(TILE, [...ofWeb, 'Origin', ORIGIN])).toMatchObject({ status: 200 })
  })

  it('RFC 7515 §7.1: a token with anything else in it is none, wherever it was shown before', async () => {
    const signature = token.lastIndexOf('.') + 5
    for (const other of [' ', '\t']) {
      const text = `${token.slice(0, signature)}${other}${token.slice(signature)}`
      const shown = await app.http.inject({
        method: 'POST',
        url: '/oauth2/introspect',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({
          client_id: demo.clientId,
          client_secret: demo.text,
          token: text,
        }).toString(),
      })
      expect(shown.json()).toEqual({ active: false })
      await atHand(TILE, bearer())
      expect((await get(TILE, bearer(text))).status).toBe(400)
    }
  })

  it('is counted once, for its client and endpoint', async () => {
    const { usage } = app.access
    const requests = async () => {
      await usage.flush()
      const of = { clientId: demo.clientId, endpoint: 'maps.tile', groupBy: [] }
      const [row] = await usage.query({ ...of, resolution: 'day', from: 0, to: Date.now() })
      return row!.requests
    }
    const first = await atHand(TILE, bearer())
    const before = await requests()
    const last = await atHand(TILE, bearer())
    const made = first.remaining - last.remaining
    expect(made).toBeGreaterThan(0)
    expect(await requests()).toBe(before + made)
  })

  it('is refused by the limit as by its route, with nothing counted', async () => {
    const other = await createDemoClient(app.access, { customerId: 'other' })
    const text = await tokenOf(other)
    await atHand(TILE, bearer(text))
    const { limits, database } = app.access
    const of = { clientId: other.clientId, endpoint: 'maps.tile' }
    await database.write((write) =>
      limits.setOverride(write, { ...of, quota: 1, windowSeconds: 60 }),
    )
    await vi.waitFor(async () => expect((await get(TILE, bearer(text))).status).toBe(429))
    const before = taken
    const answer = await get(TILE, bearer(text))
    expect(answer).toMatchObject({ status: 429, remaining: 0 })
    expect(taken).toBe(before)
  })

  it('is seen no longer than the token holds and the area reaches', async () => {
    const other = await createDemoClient(app.access, { customerId: 'third' })
    const text = await tokenOf(other)
    await atHand(TILE, bearer(text))
    const { areas, clients, database } = app.access
    const elsewhere = rectangle(50, 50, 51, 51)
    const area = await database.write((write) => areas.createIn(write, elsewhere, 'elsewhere'))
    await clients.change(commandLine, other.clientId, { areaIds: [area.id] })
    await vi.waitFor(async () => expect((await get(TILE, bearer(text))).status).toBe(204))
    await clients.setSuspended(commandLine, other.clientId, true)
    await vi.waitFor(async () => expect((await get(TILE, bearer(text))).status).toBe(401))
  })
})
