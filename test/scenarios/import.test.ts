import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generous, withConfig } from '../conformance/config-file.ts'
import { bearer, logIn, tokenOf } from '../support/api.ts'
import { createClient, databaseEnvironment, type Installation } from '../support/installation.ts'
import { childrenOf, peakMemoryOf } from '../support/processes.ts'
import {
  freePort,
  mapgate,
  type RunningServer,
  startServer,
  temporaryFolder,
} from '../support/server.ts'

const MAXIMUM_BYTES = 200 * 1_024 * 1_024
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** Postgres takes three times as long for as many. */
const MANY = { sqlite: 1_000_000, postgres: 200_000 }
/** Enough to be caught in the middle. */
const SOME = 50_000
/** Minutes, where others have the machine too. */
const PATIENCE = 900_000
/** Of Node itself, of SQLite, and of the boxes of a million features, which are sorted in memory. */
const MOST_MEMORY = 512 * 1_024 * 1_024

interface Job {
  id: string
  state: 'receiving' | 'queued' | 'running' | 'done' | 'failed'
  phase?: 'looking' | 'writing'
  features: number
  faults: number
  bytes: number
  totalBytes: number
  reason?: string
  errors: { line: number; record: number; reason: string }[]
}

/** Points on a grid around Lund, a line each. @param name the same in all of them */
const points = (count: number, name: string): string => [...pieces(count, name)].join('')

/** The same, a thousand at a time. */
function* pieces(count: number, name: string): Generator<string> {
  for (let from = 0; from < count; from += 1_000) {
    let lines = ''
    for (let index = from; index < Math.min(from + 1_000, count); index++) {
      const coordinates = `[${13 + (index % 1_000) / 1_000},${55 + Math.floor(index / 1_000) / 1_000}]`
      lines += `{"type":"Feature","id":${index},"geometry":{"type":"Point","coordinates":${coordinates}},"properties":{"name":"${name}"}}\n`
    }
    yield lines
  }
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

  /** A body that never is in memory whole, of which the server does not know how long it will be. */
  async function stream(collection: string, body: Iterable<string>): Promise<string> {
    const answer = await fetch(urlOf(collection, '/imports'), {
      method: 'POST',
      headers: { ...bearer(token).headers, 'content-type': 'application/x-ndjson' },
      body: Readable.toWeb(Readable.from(body, { objectMode: false })),
      duplex: 'half',
    })
    expect(answer.status, await answer.clone().text()).toBe(202)
    return answer.headers.get('location')!
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
    expect(job).not.toHaveProperty('phase')
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

  function beginToSend(collection: string, bytes: number) {
    const headers = {
      ...bearer(token).headers,
      'content-type': 'application/x-ndjson',
      'content-length': bytes,
    }
    const sent = request(urlOf(collection, '/imports'), { method: 'POST', headers })
    const status = new Promise<number | undefined>((resolve, reject) => {
      sent.on('error', reject).on('response', (response) => resolve(response.statusCode))
    })
    return { sent, status }
  }

  /** Of a body of which only the length is sent. */
  async function statusOfLength(bytes: number, collection = 'points') {
    const { sent, status } = beginToSend(collection, bytes)
    sent.flushHeaders()
    const answered = await status
    sent.destroy()
    return answered
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
        body: points(200_000, 'b'),
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

  it('holds the collection while the body comes in', { timeout: 180_000 }, async () => {
    const body = points(100, 'slow')
    const { sent, status } = beginToSend('points', body.length)
    sent.write(body.slice(0, 1_000))
    const list = async () => {
      const answer = await fetch(urlOf('points', '/imports'), bearer(token))
      return ((await answer.json()) as { imports: Job[] }).imports
    }
    await vi.waitFor(async () => expect((await list())[0]!.state).toBe('receiving'), 20_000)
    expect(await statusOfLength(1_000)).toBe(409)
    sent.end(body.slice(1_000))
    expect(await status).toBe(202)
    await vi.waitFor(async () => expect((await list())[0]!.state).toBe('done'), 50_000)

    const before = (await list()).length
    const broken = beginToSend('points', body.length)
    broken.sent.write(body.slice(0, 1_000))
    await vi.waitFor(async () => expect((await list())[0]!.state).toBe('receiving'), 20_000)
    broken.sent.destroy()
    await expect(broken.status).rejects.toThrow()
    // It never was a job.
    await vi.waitFor(async () => expect(await list()).toHaveLength(before), 20_000)
    expect(await load('points', body)).toMatchObject({ state: 'done', features: 100 })
  })

  it('lets a customer have files waiting of so many bytes', { timeout: 180_000 }, async () => {
    const ids = ['one', 'two', 'three', 'four', 'five']
    for (const id of ids) await createCollection(id)
    const begun = ids.slice(0, 4).map((id) => beginToSend(id, MAXIMUM_BYTES))
    for (const { sent } of begun) sent.write('{')
    const receiving = async (id: string) => {
      const answer = await fetch(urlOf(id, '/imports'), bearer(token))
      expect(await answer.json()).toMatchObject({ imports: [{ state: 'receiving' }] })
    }
    for (const id of ids.slice(0, 4)) await vi.waitFor(() => receiving(id), 20_000)
    const refused = await send('five', points(1, 'a'))
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({
      detail: expect.stringContaining(`more than ${4 * MAXIMUM_BYTES} bytes together`),
    })
    for (const { sent, status } of begun) {
      sent.destroy()
      await expect(status).rejects.toThrow()
    }
    await vi.waitFor(
      async () => expect((await send('five', points(1, 'a'))).status).toBe(202),
      20_000,
    )
  })

  it('ends the imports of a collection that is deleted', { timeout: 180_000 }, async () => {
    await createCollection('doomed')
    const { sent, status } = beginToSend('doomed', 1_000)
    sent.write(points(1, 'a'))
    await vi.waitFor(async () => expect(await statusOfLength(1, 'doomed')).toBe(409), 20_000)
    await mapgate(server, 'collections', 'delete', 'doomed')
    await createCollection('doomed')
    expect(await load('doomed', points(3, 'b'))).toMatchObject({ state: 'done', features: 3 })
    sent.end(' '.repeat(1_000 - points(1, 'a').length))
    expect(await status).toBe(409)
    expect(await countOf('doomed')).toBe(3)
  })

  it(
    `shows the old data until ${MANY[kind]} new features are whole, while everything else goes on`,
    { timeout: PATIENCE },
    async () => {
      const count = MANY[kind]
      await load('points', points(1_000, 'old'))
      let over = false
      let memory = 0
      const seen = new Set<number>()
      const names = new Set<unknown>()
      const failures: string[] = []
      const location = await stream('points', pieces(count, 'new'))
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
        async () => {
          for (const child of await childrenOf(server.process.pid!)) {
            memory = Math.max(memory, (await peakMemoryOf(child)) ?? 0)
          }
        },
      ].map(async (work) => {
        while (!over) {
          await work()
          // The import stands back for these.
          await sleep(20)
        }
      })
      const job = await until(location, isOver)
      // Each once more behind the end.
      await vi.waitFor(
        () => expect([seen.has(count), names.has('new')]).toEqual([true, true]),
        30_000,
      )
      over = true
      await Promise.all(loops)
      expect(job).toMatchObject({ state: 'done', features: count, faults: 0 })
      expect(failures).toEqual([])
      expect(seen).toEqual(new Set([1_000, count]))
      expect(names).toEqual(new Set(['old', 'new']))
      const megabytes = `${Math.round(memory / 1_048_576)} MiB`
      process.stderr.write(
        memory === 0
          ? 'memory of the import: not looked at, as there is no /proc\n'
          : `memory of an import of ${count} features (${kind}): ${megabytes}\n`,
      )
      expect(memory).toBeLessThan(MOST_MEMORY)
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
