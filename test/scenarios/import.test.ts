import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generous, withConfig } from '../conformance/config-file.ts'
import { bearer, logIn, tokenOf } from '../support/api.ts'
import { createClient, databaseEnvironment, type Installation } from '../support/installation.ts'
import {
  freePort,
  mapgate,
  type RunningServer,
  startServer,
  temporaryFolder,
} from '../support/server.ts'

const MAXIMUM_BYTES = 100 * 1_024 * 1_024
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const MANY = 200_000
/** Enough to be caught in the middle. */
const SOME = 50_000

interface Job {
  id: string
  state: 'queued' | 'running' | 'done' | 'failed'
  features: number
  faults: number
  bytes: number
  totalBytes: number
  reason?: string
  errors: { line: number; record: number; reason: string }[]
}

/** Points on a grid around Lund, a line each. @param name the same in all of them */
function points(count: number, name: string): string {
  const lines: string[] = []
  for (let index = 0; index < count; index++) {
    const coordinates = `[${13 + (index % 1_000) / 1_000},${55 + Math.floor(index / 1_000) / 1_000}]`
    lines.push(
      `{"type":"Feature","id":${index},"geometry":{"type":"Point","coordinates":${coordinates}},"properties":{"name":"${name}"}}\n`,
    )
  }
  return lines.join('')
}

describe.each(['sqlite', 'postgres'] as const)('imports over HTTP (%s)', (kind) => {
  const dataDir = temporaryFolder()
  let port: number
  let environment: Record<string, string>
  let server: RunningServer
  let client: Omit<Installation, 'server'>
  let token: string

  beforeAll(async () => {
    port = await freePort()
    environment = {
      ...(await databaseEnvironment(kind)),
      ...withConfig({ ...generous, imports: { maximumBytes: MAXIMUM_BYTES } }),
    }
    server = await startServer({ dataDir, port, environment })
    client = await createClient(
      server,
      ...['--scope', 'read write', '--grant', 'client_credentials token_exchange'],
    )
    token = await tokenOf(server.url, client.clientId, client.secret)
    await createCollection('points')
  })
  afterAll(async () => {
    await server.kill()
    await rm(dataDir, { recursive: true, force: true })
  })

  const urlOf = (collection: string, path = '') =>
    `${server.url}/maps/collections/${collection}${path}`

  async function createCollection(id: string): Promise<void> {
    await mapgate(server, 'collections', 'create', id, '--customer', 'customer', '--title', id)
    // Another process made it: the server hears of that within a second.
    while ((await fetch(urlOf(id), bearer(token))).status === 404) await sleep(50)
  }

  function send(collection: string, body: string, type = 'application/x-ndjson', query = '') {
    return fetch(urlOf(collection, `/imports${query}`), {
      method: 'POST',
      headers: { ...bearer(token).headers, 'content-type': type },
      body,
    })
  }

  async function jobAt(location: string): Promise<Job> {
    const answer = await fetch(location, bearer(token))
    expect(answer.status).toBe(200)
    return (await answer.json()) as Job
  }

  async function until(location: string, isReached: (job: Job) => boolean): Promise<Job> {
    for (;;) {
      const job = await jobAt(location)
      if (isReached(job)) return job
      await sleep(100)
    }
  }

  const isOver = ({ state }: Job) => state === 'done' || state === 'failed'

  async function load(collection: string, body: string, type?: string, query?: string) {
    const answer = await send(collection, body, type, query)
    expect(answer.status, await answer.clone().text()).toBe(202)
    return until(answer.headers.get('location')!, isOver)
  }

  async function countOf(collection: string): Promise<number> {
    const answer = await fetch(urlOf(collection, '/items?limit=1'), bearer(token))
    expect(answer.status).toBe(200)
    const body = (await answer.json()) as { numberMatched: number }
    return body.numberMatched
  }

  async function exported(collection: string, as = token): Promise<{ id: string }[]> {
    const answer = await fetch(urlOf(collection, '/export?format=ndjson'), bearer(as))
    expect(answer.status).toBe(200)
    const lines = (await answer.text()).split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as { id: string })
  }

  it('tells what became of each record, and lists what there was', async () => {
    const deep = `{"type":"Feature","properties":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)},"geometry":null}\n`
    const long = `{"type":"Feature","properties":{"${'n'.repeat(10_000)}":1},"geometry":{"type":"Point","coordinates":[1,2]}}\n`
    const body = `${points(2_000, 'a')}${deep}{"type":"Feat\n${long}`
    const job = await load('points', body)
    expect(job).toMatchObject({
      state: 'done',
      features: 2_000,
      faults: 3,
      bytes: body.length,
      errors: [
        { line: 2_001, reason: 'is nested deeper than 100 levels' },
        { line: 2_002, reason: expect.stringContaining('is not JSON') },
        { line: 2_003, reason: expect.stringContaining('10000 characters') },
      ],
    })
    expect(await countOf('points')).toBe(2_000)
    const failed = await load(
      'points',
      '{"type":"FeatureCollection","features":[{}',
      'application/geo+json',
    )
    expect(failed).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('ends in the middle'),
    })
    expect(await countOf('points')).toBe(2_000)
    const list = await fetch(urlOf('points', '/imports'), bearer(token))
    expect(await list.json()).toMatchObject({ imports: [{ id: failed.id }, { id: job.id }] })
  })

  it('takes CSV with options from the query, and gives it back', async () => {
    await createCollection('stops')
    const csv = 'stop;east;north;name\nA;13.2;55.7;"Stortorget"\nB;13.3;55.8;\n'
    const query = '?idProperty=stop&longitude=east&latitude=north'
    expect(await load('stops', csv, 'text/csv', query)).toMatchObject({
      state: 'done',
      features: 2,
    })
    const answer = await fetch(urlOf('stops', '/export?format=csv'), bearer(token))
    expect(answer.headers.get('content-type')).toContain('text/csv')
    expect(await answer.text()).toBe(
      'id,stop,name,longitude,latitude,geometry\r\nA,A,Stortorget,13.2,55.7,\r\nB,B,,13.3,55.8,\r\n',
    )
  })

  it('refuses what cannot be', async () => {
    const line = points(1, 'a')
    expect((await send('nowhere', line)).status).toBe(404)
    expect((await send('points', line, 'text/plain')).status).toBe(415)
    expect((await send('points', '')).status).toBe(400)
    expect((await send('points', line, undefined, '?format=imdf')).status).toBe(400)
    expect((await send('points', line, undefined, '?formt=csv')).status).toBe(400)
    expect(await statusOfLength(MAXIMUM_BYTES + 1)).toBe(413)
    const unknown = await fetch(urlOf('points', '/imports/none'), bearer(token))
    expect(unknown.status).toBe(404)
    expect((await fetch(urlOf('points', '/export?format=xml'), bearer(token))).status).toBe(400)
    expect((await fetch(urlOf('points', '/export'))).status).toBe(401)
    const reader = await tokenOf(server.url, client.clientId, client.secret)
    expect(reader).not.toBe('')
    const { body } = await logIn(server.url, client.clientId, client.secret, { scope: 'read' })
    const denied = await fetch(urlOf('points', '/imports'), bearer(body['access_token']!))
    expect(denied.status).toBe(403)
  })

  /** A body of which only the length is sent. */
  function statusOfLength(bytes: number): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const headers = {
        ...bearer(token).headers,
        'content-type': 'application/x-ndjson',
        'content-length': bytes,
      }
      const sent = request(urlOf('points', '/imports'), { method: 'POST', headers })
      sent.on('error', reject).on('response', (response) => {
        resolve(response.statusCode)
        sent.destroy()
      })
      sent.flushHeaders()
    })
  }

  it('lets nobody import who may write in a part, and exports what a token sees', async () => {
    await load('points', points(2_000, 'a'))
    const west = {
      type: 'Polygon',
      coordinates: [
        [
          [12, 54],
          [13.1, 54],
          [13.1, 56],
          [12, 56],
          [12, 54],
        ],
      ],
    }
    const details = [{ type: 'map_data', actions: ['read', 'write'], area: west }]
    const narrowed = await fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: TOKEN_EXCHANGE,
        client_id: client.clientId,
        client_secret: client.secret,
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        authorization_details: JSON.stringify(details),
      }),
    })
    expect(narrowed.status).toBe(200)
    const { access_token: part } = (await narrowed.json()) as { access_token: string }
    const ids = (await exported('points', part)).map(({ id }) => Number(id))
    expect(ids.length).toBe(202)
    expect(ids.every((id) => id % 1_000 <= 100)).toBe(true)
    const answer = await fetch(urlOf('points', '/imports'), {
      method: 'POST',
      headers: { ...bearer(part).headers, 'content-type': 'application/x-ndjson' },
      body: points(1, 'b'),
    })
    expect(answer.status).toBe(403)
    expect(await countOf('points')).toBe(2_000)
  })

  it('cancels, and keeps what was there', async () => {
    await load('points', points(1_000, 'a'))
    const location = (await send('points', points(SOME, 'b'))).headers.get('location')!
    await until(location, ({ state }) => state === 'running')
    const again = await send('points', points(1, 'c'))
    expect(again.status).toBe(409)
    const tried = await fetch(`${location}?dry_run=1`, { method: 'DELETE', ...bearer(token) })
    expect([tried.status, await tried.json()]).toMatchObject([400, { parameter: 'dry_run' }])
    const cancelled = await fetch(location, { method: 'DELETE', ...bearer(token) })
    expect(cancelled.status).toBe(202)
    expect(await until(location, isOver)).toMatchObject({
      state: 'failed',
      reason: 'it was cancelled',
    })
    expect((await fetch(location, { method: 'DELETE', ...bearer(token) })).status).toBe(409)
    expect(await countOf('points')).toBe(1_000)
  })

  async function another(): Promise<{ id: string; token: string }> {
    const other = await createClient(server, ...['--scope', 'read write'])
    const { clientId, secret } = other
    return { id: clientId, token: await tokenOf(server.url, clientId, secret) }
  }

  it(
    'keeps what was there when its client is suspended meanwhile',
    { timeout: 180_000 },
    async () => {
      await load('points', points(1_000, 'a'))
      const other = await another()
      const answer = await fetch(urlOf('points', '/imports'), {
        method: 'POST',
        headers: { ...bearer(other.token).headers, 'content-type': 'application/x-ndjson' },
        body: points(MANY, 'b'),
      })
      const location = answer.headers.get('location')!
      await until(location, ({ state }) => state === 'running')
      await mapgate(server, 'clients', 'suspend', other.id)
      expect(await until(location, isOver)).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining('may not write everywhere'),
      })
      expect(await countOf('points')).toBe(1_000)
    },
  )

  it('ends an export whose client is suspended meanwhile', { timeout: 180_000 }, async () => {
    // More than the sockets of both sides take up while nobody reads.
    const large = points(90_000, 'a'.repeat(600))
    expect(await load('points', large)).toMatchObject({ state: 'done' })
    const other = await another()
    const answer = await fetch(urlOf('points', '/export'), bearer(other.token))
    expect(answer.status).toBe(200)
    const reader = answer.body!.getReader()
    await reader.read()
    await mapgate(server, 'clients', 'suspend', other.id)
    const rest = async () => {
      while (!(await reader.read()).done);
    }
    await expect(rest()).rejects.toThrow()
  })

  it('tells the next owner of an id nothing of what the last one did', async () => {
    await createCollection('passing')
    const job = await load('passing', `{"type":"Feat\n${points(5, 'secret')}`)
    expect(job.state).toBe('done')
    await mapgate(server, 'collections', 'delete', 'passing')
    await createCollection('passing')
    const list = await fetch(urlOf('passing', '/imports'), bearer(token))
    expect(await list.json()).toEqual({ imports: [] })
    const one = await fetch(urlOf('passing', `/imports/${job.id}`), bearer(token))
    expect(one.status).toBe(404)
    expect(await exported('passing')).toEqual([])
  })

  it(
    'shows the old data until the new is whole, while everything else goes on',
    { timeout: 180_000 },
    async () => {
      await load('points', points(1_000, 'old'))
      const location = (await send('points', points(MANY, 'new'))).headers.get('location')!
      let over = false
      const seen = new Set<number>()
      const names = new Set<unknown>()
      const failures: string[] = []
      const loops = [
        async () => seen.add(await countOf('points')),
        async () => {
          const answer = await fetch(urlOf('points', '/items?limit=50'), bearer(token))
          const { features } = (await answer.json()) as {
            features: { properties: { name: string } }[]
          }
          names.add([...new Set(features.map(({ properties }) => properties.name))].join())
        },
        async () => {
          const { status } = await logIn(server.url, client.clientId, client.secret)
          if (status !== 200) failures.push(`token: ${status}`)
        },
        async () => {
          const tile = await fetch(`${server.url}/maps/tiles/points/10/549/321.pbf`, bearer(token))
          if (tile.status !== 200 && tile.status !== 204) failures.push(`tile: ${tile.status}`)
          await tile.arrayBuffer()
        },
      ].map(async (work) => {
        while (!over) await work()
      })
      const job = await until(location, isOver)
      // Once more behind the end.
      await sleep(500)
      over = true
      await Promise.all(loops)
      expect(job).toMatchObject({ state: 'done', features: MANY, faults: 0 })
      expect(failures).toEqual([])
      expect(seen).toEqual(new Set([1_000, MANY]))
      expect(names).toEqual(new Set(['old', 'new']))
    },
  )

  it(
    'killed in the middle, it keeps the old data and begins again',
    { timeout: 180_000 },
    async () => {
      await load('points', points(1_500, 'old'))
      const location = (await send('points', points(SOME, 'newer'))).headers.get('location')!
      await until(location, ({ features }) => features > 0)
      await server.kill()
      server = await startServer({ dataDir, port, environment })
      expect(await countOf('points')).toBe(1_500)
      expect(await until(location, isOver)).toMatchObject({ state: 'done', features: SOME })
      expect(await countOf('points')).toBe(SOME)
    },
  )
})
