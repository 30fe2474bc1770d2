import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer, startServer } from '../support/server.ts'
import { withConfig } from './config-file.ts'
import { answerOf, bearer, createClient, demoClient, getToken } from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let demo: string

beforeAll(async () => {
  server = await startSampleServer({
    environment: withConfig({
      limits: { endpoints: { 'maps.nearest': { quota: 3, windowSeconds: 4 } } },
    }),
  })
  demo = await getToken(server, demoClient(server))
})
afterAll(() => server[Symbol.asyncDispose]())

const get = (path: string, token: string) =>
  fetch(`${server.url}/maps/${path}`, { headers: bearer(token) })

/** Calls at once. @returns the statuses, served ones first */
async function statuses(count: number, path: string, token: string): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => get(path, token)))
  return answers.map((answer) => answer.status).toSorted((one, other) => one - other)
}

const PLACE = 'collections/places/schema'
const NEAREST = 'collections/places/nearest?point=0,0'
const COUNTRIES = 'collections/countries'

/** A list of strings with integer parameters (RFC 9651 §3.1), as the rate limit headers are. */
function parseList(header: string): [string, Record<string, number>][] {
  return header.split(', ').map((item) => {
    const [, name, parameters] = /^"([ -!#-[\]-~]*)"((?:;[a-z][a-z0-9_-]*=\d{1,15})*)$/.exec(item)!
    const pairs = [...parameters!.matchAll(/;([a-z][a-z0-9_-]*)=(\d+)/g)]
    return [name!, Object.fromEntries(pairs.map(([, key, value]) => [key!, Number(value)]))]
  })
}

describe('20 calls a minute', () => {
  it('are served, the 21st is refused with the documented body and a wait that is true', async () => {
    for (let left = 19; left >= 0; left--) {
      const { status, headers } = await get(PLACE, demo)
      expect(status).toBe(200)
      expect(headers.get('ratelimit-policy')).toBe('"endpoint";q=20;w=60')
      const [[name, { r, t }]] = parseList(headers.get('ratelimit')!) as [
        [string, { r: number; t: number }],
      ]
      expect([name, r]).toEqual(['endpoint', left])
      expect(t).toBeGreaterThan(0)
      expect(t).toBeLessThanOrEqual(60)
      expect(headers.has('retry-after')).toBe(false)
    }
    const refused = await get(PLACE, demo)
    const wait = refused.headers.get('retry-after')!
    expect(wait).toMatch(/^[1-9]\d?$/)
    expect(Number(wait)).toBeLessThanOrEqual(60)
    expect(parseList(refused.headers.get('ratelimit')!)).toEqual([
      ['endpoint', { r: 0, t: Number(wait) }],
    ])
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
    expect(await answerOf(refused)).toEqual({
      status: 429,
      body: {
        type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
        title: 'Request cannot be satisfied as assigned quota has been exceeded',
        status: 429,
        detail: `Rate limit is exceeded. Try again in ${wait} seconds.`,
        'violated-policies': ['endpoint'],
        statusCode: 429,
        message: `Rate limit is exceeded. Try again in ${wait} seconds.`,
      },
    })
  })

  it('are those of one endpoint and one client', async () => {
    expect(await statuses(1, PLACE, demo)).toEqual([429])
    expect(await statuses(1, COUNTRIES, demo)).toEqual([200])
    const other = await getToken(server, await createClient(server))
    expect(await statuses(1, PLACE, other)).toEqual([200])
  })

  it('are of the client, not of the token', async () => {
    const another = await getToken(server, demoClient(server))
    expect(await statuses(1, PLACE, another)).toEqual([429])
  })

  it('are never more, however many come at once', async () => {
    const token = await getToken(server, await createClient(server))
    const answers = await statuses(40, PLACE, token)
    expect(answers).toEqual([...Array<number>(20).fill(200), ...Array<number>(20).fill(429)])
  })
})

it('two servers on the same data share the counters, if they are told to', async () => {
  const environment = { MAPGATE_LIMITS_STORE: 'shared' }
  await using first = await startSampleServer({ environment })
  await using second = await startServer({
    dataDir: first.dataDir,
    // One installation has one issuer, however many servers.
    environment: { ...environment, MAPGATE_PUBLIC_URL: first.url },
  })
  const token = await getToken(first, demoClient(first))
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      fetch(`${(index % 2 ? first : second).url}/maps/${PLACE}`, { headers: bearer(token) }),
    ),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(20)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(10)
})

describe('an endpoint with a limit of its own', () => {
  it('obeys it, and serves again after the wait that it named', async () => {
    expect(await statuses(4, NEAREST, demo)).toEqual([200, 200, 200, 429])
    const refused = await get(NEAREST, demo)
    expect(refused.headers.get('ratelimit-policy')).toBe('"endpoint";q=3;w=4')
    await sleep(Number(refused.headers.get('retry-after')) * 1_000)
    expect(await statuses(1, NEAREST, demo)).toEqual([200])
  })

  it('does not count the calls that it refused', async () => {
    const token = await getToken(server, await createClient(server))
    expect(await statuses(3, NEAREST, token)).toEqual([200, 200, 200])
    await sleep(2_000)
    // Had these been counted, they would stand in the way for another 4 seconds.
    expect(await statuses(3, NEAREST, token)).toEqual([429, 429, 429])
    await sleep(2_500)
    expect(await statuses(3, NEAREST, token)).toEqual([200, 200, 200])
  })
})

describe('a limit set at run time', () => {
  it('holds within a second: the client’s own before that for all, both before the configuration', async () => {
    const client = await createClient(server)
    const token = await getToken(server, client)
    const set = (quota: number, ...target: string[]) =>
      mapgate(server, ...['limits', 'set', '--quota', String(quota), '--window', '1m', ...target])
    const quotaOf = async (own: string) => (await get(NEAREST, own)).headers.get('ratelimit-policy')
    await set(2, '--endpoint', 'maps.nearest')
    await expect.poll(() => quotaOf(token), { timeout: 1_000 }).toBe('"endpoint";q=2;w=60')
    await set(5, '--endpoint', 'maps.nearest', '--client', client.clientId)
    await expect.poll(() => quotaOf(token), { timeout: 1_000 }).toBe('"endpoint";q=5;w=60')
    expect(await quotaOf(demo)).toBe('"endpoint";q=2;w=60')
    await mapgate(
      server,
      ...['limits', 'remove', '--endpoint', 'maps.nearest', '--client', client.clientId],
    )
    await expect.poll(() => quotaOf(token), { timeout: 1_000 }).toBe('"endpoint";q=2;w=60')
  })

  it('may be for all endpoints of a client together, beside those of each', async () => {
    const client = await createClient(server)
    const token = await getToken(server, client)
    await mapgate(
      server,
      ...['limits', 'set', '--quota', '2', '--window', '1m', '--client', client.clientId],
    )
    await sleep(1_000)
    expect(await statuses(1, PLACE, token)).toEqual([200])
    expect(await statuses(1, COUNTRIES, token)).toEqual([200])
    const refused = await get('collections', token)
    expect(parseList(refused.headers.get('ratelimit-policy')!)).toEqual([
      ['endpoint', { q: 20, w: 60 }],
      ['client', { q: 2, w: 60 }],
    ])
    const { status, body } = await answerOf(refused)
    expect([status, body['violated-policies']]).toEqual([429, ['client']])
  })
})
