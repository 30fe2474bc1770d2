import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RequestSource } from './load-process.ts'
import { insertManyClients, tokenForm } from './many-clients.ts'
import type { MapgateSetup } from './mapgate.ts'
import { type Server, startServer } from './processes.ts'
import { TARGET_NAMES, type TargetName } from './ratios.ts'

/** What is loaded: a server and the requests it gets. Each was seen to answer rightly once. */
export interface Target {
  name: TargetName
  server: Server
  source: RequestSource
}

export interface Targets extends AsyncDisposable {
  /** In the order of `TARGET_NAMES`. */
  list: Target[]
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/**
 * Starts the servers that `names` need; they all stay up, but only one is loaded at a time.
 * @param folder for the requests' bodies; they hold secrets, so it is removed after the run
 * @throws Error when a server does not start or answers wrongly
 */
export async function openTargets(options: {
  names: ReadonlySet<TargetName>
  mapgate: MapgateSetup
  manyClients: number
  folder: string
  progress: (line: string) => void
}): Promise<Targets> {
  const { names, mapgate, folder, progress } = options
  await using stack = new AsyncDisposableStack()
  const list: Target[] = []
  const bodyFile = async (name: string, body: string): Promise<string> => {
    const file = join(folder, `${name}.txt`)
    await writeFile(file, `${body}\n`, { mode: 0o600 })
    return file
  }
  const add = (name: TargetName, server: Server, source: RequestSource): void => {
    if (names.has(name)) list.push({ name, server, source })
  }
  const bare = async (program: string, readyPath: string): Promise<Server> =>
    stack.use(
      await startServer({
        command: [fileURLToPath(new URL(`servers/${program}.ts`, import.meta.url))],
        environment: { CLIENT_ID: mapgate.clientId, CLIENT_SECRET: mapgate.clientSecret },
        readyPath,
        readyWithinSeconds: 20,
      }),
    )

  const form = tokenForm(mapgate.clientId, mapgate.clientSecret)
  const formFile = await bodyFile('one-client', form)
  if (names.has('hello')) {
    add('hello', await bare('hello', '/'), get('/'))
  }
  if (names.has('bare-token')) {
    const server = await bare('signing', '/ready')
    add('bare-token', server, post('/oauth2/token', formFile))
    await obtainToken(server, '/oauth2/token', form)
  }
  if (names.has('oidc-provider-token')) {
    const server = await bare('oidc-provider', '/.well-known/openid-configuration')
    const scoped = `${form}&scope=read`
    add('oidc-provider-token', server, post('/token', await bodyFile('oidc-provider', scoped)))
    await obtainToken(server, '/token', scoped)
  }
  if (names.has('token-many-clients')) {
    progress(`inserting ${options.manyClients} clients`)
    const dataDir = await mapgate.copyData('many')
    const bodiesFile = join(folder, 'many-clients.txt')
    insertManyClients({
      dataDir,
      clientId: mapgate.clientId,
      count: options.manyClients,
      bodiesFile,
    })
    const server = stack.use(await mapgate.startOn(dataDir))
    add('token-many-clients', server, post('/oauth2/token', bodiesFile))
    await obtainToken(server, '/oauth2/token', form)
  }
  const server = stack.use(await mapgate.start())
  const token = await obtainToken(server, '/oauth2/token', form)
  add('token', server, post('/oauth2/token', formFile))
  const collection = await findCollection(server, token)
  add('collection', server, get(collection, token))
  add('collections', server, get(COLLECTIONS, token))
  add('items', server, await itemsSource(server, token))
  add('cached-tile', server, await tileSource(server, token))

  list.sort((a, b) => TARGET_NAMES.indexOf(a.name) - TARGET_NAMES.indexOf(b.name))
  const owned = stack.move()
  return { list, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const COLLECTIONS = '/maps/collections'

/** In Madison, Wisconsin: a few places. */
const ITEMS = '/maps/collections/places/items?bbox=-89.41,43.06,-89.36,43.11'

/** Around Madison, Wisconsin: some dozen places. */
const TILE = '/maps/tiles/places/10/257/375.pbf'

function get(path: string, token?: string): RequestSource {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  return { method: 'GET', path, headers, bodiesFile: null }
}

function post(path: string, bodiesFile: string): RequestSource {
  return { method: 'POST', path, headers: FORM, bodiesFile }
}

/** @throws Error when the answer holds no JWT signed with ES256 */
async function obtainToken(server: Server, path: string, body: string): Promise<string> {
  const response = await request(server, path, { method: 'POST', headers: FORM, body })
  const text = await response.text()
  const token = response.ok ? (JSON.parse(text) as { access_token?: string }).access_token : null
  const header = token ? Buffer.from(token.split('.')[0] ?? '', 'base64url').toString() : ''
  // A failed answer holds no secret; a token that is no ES256 JWT must not be shown.
  if (!token)
    throw new Error(`POST ${path} gave no token: ${response.status} ${text.slice(0, 500)}`)
  if (!header.includes('"ES256"')) throw new Error(`POST ${path} gave a token that is not ES256`)
  return token
}

/** The path of a collection that needs a token; sees that it does. */
async function findCollection(server: Server, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` }
  const response = await request(server, COLLECTIONS, { headers })
  const text = await response.text()
  if (!response.ok) {
    throw new Error(`GET ${COLLECTIONS} answered ${response.status} ${text.slice(0, 500)}`)
  }
  const { collections } = JSON.parse(text) as { collections: { id: string }[] }
  const path = `${COLLECTIONS}/${collections.find(({ id }) => id === 'places')?.id}`
  for (const [expected, init] of [
    [200, { headers }],
    [401, {}],
  ] as const) {
    const { status } = await request(server, path, init)
    if (status !== expected)
      throw new Error(`GET ${path} answered ${status} instead of ${expected}`)
  }
  return path
}

async function itemsSource(server: Server, token: string): Promise<RequestSource> {
  const source = get(ITEMS, token)
  const response = await request(server, ITEMS, { headers: source.headers })
  const { features } = (await response.json()) as { features?: unknown[] }
  if (!features?.length) throw new Error(`GET ${ITEMS} answered ${response.status} without places`)
  return source
}

/** Also draws the tile, so that it is kept. */
async function tileSource(server: Server, token: string): Promise<RequestSource> {
  const source = get(TILE, token)
  source.headers['accept-encoding'] = 'gzip'
  const { status } = await request(server, TILE, { headers: source.headers })
  if (status !== 200) throw new Error(`GET ${TILE} answered ${status} instead of 200`)
  return source
}

function request(server: Server, path: string, init: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(10_000)
  return fetch(`http://127.0.0.1:${server.port}${path}`, { ...init, signal })
}
