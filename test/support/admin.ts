import { rm } from 'node:fs/promises'
import { Compile } from 'typebox/schema'
import { type Actor, systemActor } from '../../server/access/audit/actor.ts'
import type { NewClient } from '../../server/access/clients/clients.ts'
import { createApp } from '../../server/app.ts'
import { readEnvironment } from '../../server/config/environment.ts'
import { loadConfig, type Settings } from '../../server/config/load.ts'
import { temporaryFolder } from './server.ts'

/** Who prepares what a test finds. */
const setup: Actor = { ...systemActor, kind: 'command-line', id: 'test' }

export interface Answer {
  status: number
  headers: Record<string, unknown>
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any
  text: string
}

export interface CallOptions {
  token?: string
  body?: unknown
  headers?: Record<string, string>
}

/**
 * The whole application with customers `c1` and `c2`, without a network. Each JSON answer of a
 * documented route is checked against the schema that the API reference shows for its status.
 */
export async function openAdmin(
  options: {
    clock?: { time: number; now(): number; monotonic(): number }
    change?: (settings: Settings) => Settings
  } = {},
) {
  const dataDir = temporaryFolder()
  const { clock, change = (settings) => settings } = options
  const settings = change(
    loadConfig(readEnvironment({ MAPGATE_DATA_DIR: dataDir, MAPGATE_LOG_LEVEL: 'silent' })),
  )
  const app = await createApp(settings, clock ? { clock } : {})
  const { customers, clients, secrets } = app.access
  for (const id of ['c1', 'c2']) await customers.create(setup, { id, name: id })
  await app.http.ready()
  const reference = app.http.swagger() as unknown as Reference

  async function call(method: string, url: string, options: CallOptions = {}): Promise<Answer> {
    const { token, body, headers } = options
    const answer = await app.http.inject({
      method: method as 'GET',
      url,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { payload: body as object }),
    })
    const text = answer.body
    const contentType = String(answer.headers['content-type']).split(';')[0]!
    const isJson = contentType.endsWith('json')
    const parsed = isJson ? JSON.parse(text) : null
    if (isJson)
      requireDocumented(reference, [method, url], [answer.statusCode, contentType], parsed)
    return { status: answer.statusCode, headers: answer.headers, body: parsed, text }
  }

  /** A token of the client for all its scopes, or for the one given. */
  async function login(clientId: string, secret: string, scope?: string): Promise<string> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      ...(scope && { scope }),
    })
    const answer = await app.http.inject({
      method: 'POST',
      url: '/oauth2/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: form.toString(),
    })
    if (answer.statusCode !== 200) throw new Error(answer.body)
    return answer.json<{ access_token: string }>().access_token
  }

  /** A client with one secret, logged in. */
  async function addClient(id: string, client: Partial<NewClient> = {}) {
    const scopes = ['read']
    await clients.create(setup, { id, customerId: 'c1', displayName: id, scopes, ...client })
    const outcome = await secrets.create(setup, id, { description: 'first', expiresAt: null })
    if (outcome.kind !== 'created') throw new Error(outcome.kind)
    const { text, secret } = outcome
    return { id, text, secretId: secret.id, token: await login(id, text) }
  }

  return {
    app,
    call,
    login,
    addClient,
    operator: (await addClient('operator', { customerId: 'c2', scopes: ['read', 'operate'] }))
      .token,
    manager: (await addClient('manager', { scopes: ['read', 'manage'] })).token,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export type Admin = Awaited<ReturnType<typeof openAdmin>>

interface Reference {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >
}

function requireDocumented(
  { paths }: Reference,
  [method, url]: [string, string],
  [status, contentType]: [number, string],
  body: unknown,
): void {
  const path = url.split('?')[0]!
  // A literal path goes over a template, as in the router.
  const [found] = Object.keys(paths)
    .filter((template) => pattern(template).test(path))
    .sort((a, b) => a.split('{').length - b.split('{').length)
  const operation = found && paths[found]![method.toLowerCase()]
  if (!operation) return
  const schema = operation.responses[status]?.content?.[contentType]?.schema
  if (!schema) throw new Error(`${method} ${found} does not document ${status} ${contentType}`)
  const [valid, errors] = Compile(schema).Errors(body)
  if (!valid) {
    throw new Error(
      `${method} ${found} ${status} is not as documented: ${JSON.stringify([errors, body])}`,
    )
  }
}

const pattern = (template: string) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`)
