import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { withConfig } from './config-file.ts'
import {
  answerOf,
  basic,
  bearer,
  type Credentials,
  demoClient,
  getToken,
  postForm,
  sendRaw,
} from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let demo: Credentials
let token: string
let before: object

beforeAll(async () => {
  server = await startSampleServer({
    environment: withConfig({ log: { level: 'debug' } }),
  })
  demo = demoClient(server)
  token = await getToken(server, demo)
  before = await state()
})
afterAll(() => server[Symbol.asyncDispose]())

/** What a refused request must leave as it was. */
async function state(): Promise<object> {
  const client = await mapgate<{ secrets: { lastUsedAt?: string }[] }>(
    server,
    ...['clients', 'show', demo.clientId],
  )
  for (const secret of client.secrets) delete secret.lastUsedAt
  return [client, await mapgate(server, 'clients', 'list'), await mapgate(server, 'limits', 'list')]
}

const FORM = 'application/x-www-form-urlencoded'

/** A token request that lacks nothing. */
function whole(): Record<string, string> {
  return {
    grant_type: 'client_credentials',
    client_id: demo.clientId,
    client_secret: demo.secret,
  }
}

function post(
  body: NonNullable<RequestInit['body']> | null,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.url}/oauth2/token`, { method: 'POST', body, headers })
}

const without = (name: string) => Object.entries(whole()).filter(([key]) => key !== name)
const form = (more: string) => `${new URLSearchParams(whole()).toString()}${more}`
const grant = 'grant_type=client_credentials'
const withBasic = (credentials: string | Buffer) =>
  post(grant, {
    'content-type': FORM,
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
  })

describe('the token endpoint refuses', () => {
  it.each<[string, () => Promise<Response>, number, string]>([
    ['a repeated grant_type', () => post(form(`&${grant}`), { 'content-type': FORM }), 400, ''],
    ['a repeated client_id', () => post(form('&client_id='), { 'content-type': FORM }), 400, ''],
    [
      'a repeated scope',
      () => post(form('&scope=read&scope=read'), { 'content-type': FORM }),
      400,
      '',
    ],
    [
      'a repeated unknown parameter',
      () => post(form('&x=1&x=2'), { 'content-type': FORM }),
      400,
      '',
    ],
    ['no grant_type', () => post(new URLSearchParams(without('grant_type'))), 400, ''],
    ['no client_id', () => post(new URLSearchParams(without('client_id'))), 400, ''],
    [
      'an unknown grant_type',
      () => postForm(`${server.url}/oauth2/token`, { ...whole(), grant_type: 'password' }),
      400,
      'unsupported_grant_type',
    ],
    ['another content type', () => post(form(''), { 'content-type': 'text/plain' }), 400, ''],
    ['a multipart body', () => post(multipart()), 400, ''],
    ['JSON', () => post(JSON.stringify(whole()), { 'content-type': 'application/json' }), 400, ''],
    ['no body', () => post(null), 400, ''],
    ['an empty form', () => post('', { 'content-type': FORM }), 400, ''],
    ['1 MB', () => post(form(`&x=${'x'.repeat(1_048_576)}`), { 'content-type': FORM }), 413, ''],
    [
      '1 MB of JSON',
      () => post(`"${'x'.repeat(1_048_576)}"`, { 'content-type': 'application/json' }),
      413,
      '',
    ],
    ['1,000 parameters', () => post(form('&x'.repeat(1_000)), { 'content-type': FORM }), 400, ''],
    ['a bad escape', () => post(form('&scope=%zz'), { 'content-type': FORM }), 400, ''],
    ['an escaped NUL', () => post(form('&scope=read%00'), { 'content-type': FORM }), 400, ''],
    ['a NUL', () => post(form('&scope=read\0'), { 'content-type': FORM }), 400, ''],
    [
      'escaped bytes that are not UTF-8',
      () => post(form('&scope=%ff%fe'), { 'content-type': FORM }),
      400,
      '',
    ],
    [
      'bytes that are not UTF-8',
      () =>
        post(Buffer.concat([Buffer.from(form('&scope=')), Buffer.from([0xff])]), {
          'content-type': FORM,
        }),
      400,
      '',
    ],
    [
      'Basic that is not base64',
      () => post(grant, { 'content-type': FORM, authorization: 'Basic %%%' }),
      400,
      '',
    ],
    [
      'Basic without anything',
      () => post(grant, { 'content-type': FORM, authorization: 'Basic' }),
      400,
      '',
    ],
    ['Basic without a colon', () => withBasic(demo.clientId), 400, ''],
    ['Basic with a bad escape', () => withBasic(`${demo.clientId}:%zz`), 400, ''],
    ['Basic that is not UTF-8', () => withBasic(Buffer.from([0xff, 0x3a, 0xff])), 400, ''],
    ['Basic with a NUL', () => withBasic(`${demo.clientId}:\0`), 400, ''],
    ['Basic with an escaped NUL', () => withBasic(`${demo.clientId}%00:x`), 400, ''],
    ['another scheme', () => post(grant, { 'content-type': FORM, ...bearer(token) }), 400, ''],
  ])('%s', async (_name, send, status, error) => {
    const response = await send()
    expect(response.headers.get('cache-control')).toBe('no-store')
    const answer = await answerOf(response)
    expect([answer.status, answer.body.error]).toEqual([status, error || 'invalid_request'])
    // RFC 6749 §5.2: printable ASCII without quote and backslash.
    expect(answer.body.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  })

  it.each(['client_secret', 'code', 'password'])('%s in the URL', async (name) => {
    const url = `${server.url}/oauth2/token?${name}=${demo.secret}`
    const { status, body } = await answerOf(postForm(url, whole()))
    expect([status, body.error]).toEqual([400, 'invalid_request'])
    expect(body.error_description).toContain(name)
  })

  it('two Authorization headers', async () => {
    const { authorization } = basic(demo)
    const header = `Authorization: ${authorization}`
    const head = ['POST /oauth2/token HTTP/1.1', `Content-Type: ${FORM}`, header]
    expect((await sendRaw(server, head, Buffer.from(grant))).status).toBe(200)
    const { status, text } = await sendRaw(server, [...head, header], Buffer.from(grant))
    expect([status, (JSON.parse(text) as { error: string }).error]).toEqual([
      400,
      'invalid_request',
    ])
  })

  it('other methods', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const url = `${server.url}/oauth2/token?${new URLSearchParams(whole()).toString()}`
      expect([404, 405]).toContain((await fetch(url, { method })).status)
    }
  })
})

describe('the endpoints about tokens refuse', () => {
  it.each(['introspect', 'revoke'])('%s: what is no form, or names no token', async (name) => {
    const url = `${server.url}/oauth2/${name}`
    const refused = async (pending: Promise<Response>) => {
      const { status, body } = await answerOf(pending)
      return [status, body.error]
    }
    const credentials = { client_id: demo.clientId, client_secret: demo.secret }
    expect(await refused(postForm(url, credentials))).toEqual([400, 'invalid_request'])
    expect(await refused(postForm(url, { token }))).toEqual([401, 'invalid_client'])
    expect(await refused(postForm(`${url}?token=${token}`, credentials))).toEqual([
      400,
      'invalid_request',
    ])
    expect(await refused(fetch(url, { method: 'POST' }))).toEqual([400, 'invalid_request'])
    // Still good.
    const live = await answerOf(
      postForm(`${server.url}/oauth2/introspect`, { ...credentials, token }),
    )
    expect(live.body.active).toBe(true)
  })
})

describe('the map data API refuses', () => {
  it.each([
    ['places/items?bbox=1,2,3', 400, 'bbox'],
    ['places/items?bbox=1,2,3,north', 400, 'bbox'],
    ['places/items?bbox=1,2,3,400', 400, 'bbox'],
    ['places/items?bbox=', 400, 'bbox'],
    ['places/items?bbox=1,2,3,4&bbox=1,2,3,4', 400, 'bbox'],
    ['places/items?limit=0', 400, 'limit'],
    ['places/items?limit=-1', 400, 'limit'],
    ['places/items?limit=many', 400, 'limit'],
    ['places/items?limit=1.5', 400, 'limit'],
    ['places/items?after=%00', 400, 'after'],
    ['places/items?colour=red', 400, 'colour'],
    ['places/nearest', 400, 'point'],
    ['places/nearest?point=1', 400, 'point'],
    ['places/nearest?point=1,91', 400, 'point'],
    ['places/nearest?point=1,2&limit=0', 400, 'limit'],
    ['places/nearest?point=1,2&limit=101', 400, 'limit'],
    ['countries/nearest?point=1,2', 400, 'collectionId'],
    ['nowhere', 404, null],
    ['nowhere/items', 404, null],
    ['places/items/nowhere', 404, null],
    ['places/items/%00', 400, 'featureId'],
    ['pla%00ces/items', 400, 'collectionId'],
    [`places/items/${'9'.repeat(150)}`, 404, null],
  ])('%s', async (path, status, parameter) => {
    const url = `${server.url}/maps/collections/${path}`
    const response = await fetch(url, { headers: bearer(token) })
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
    const answer = await answerOf(response)
    expect([answer.status, answer.body.status]).toEqual([status, status])
    if (parameter !== null) expect(answer.body.parameter).toBe(parameter)
  })

  it.each(['%ff', '%zz', '%c0%80'])('the malformed path places/items/%s', async (id) => {
    const url = `${server.url}/maps/collections/places/items/${id}`
    expect([400, 404]).toContain((await fetch(url, { headers: bearer(token) })).status)
  })
})

describe('every surface refuses', () => {
  it.each([
    ['/maps/collections/%zz', 400],
    ['/mapiq/api/v2/places/%ff', 400],
    [`/admin/clients/${'x'.repeat(201)}`, 414],
  ])('the path %.40s', async (path, status) => {
    const answer = await fetch(server.url + path)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(await answer.text()).not.toContain(path.split('/').at(-1))
  })
})

it('changes nothing, and writes nothing secret into the log', async () => {
  expect(await state()).toEqual(before)

  // What is refused for a reason that the log tells, with a secret in every place.
  const stranger = basic({ clientId: 'stranger', secret: demo.secret })
  const query = `access_token=${token}&client_secret=${demo.secret}`
  await postForm(`${server.url}/oauth2/token?x=${demo.secret}`, { grant_type: 'x' }, stranger)
  await postForm(`${server.url}/oauth2/revoke`, { token }, basic(demo))
  await fetch(`${server.url}/maps/collections?${query}`, { headers: bearer(token) })
  await fetch(`${server.url}/mapiq/api/v2/places?${query}`, { headers: bearer(token) })
  await fetch(`${server.url}/${token}/${demo.secret}?${query}`)

  // The start prints the demo client's secret once, for its user to paste.
  const logged = () => server.log().replaceAll(/^[^{].*$/gm, '')
  await expect.poll(() => logged().match(/"token refused"/g)).toHaveLength(2)
  const log = logged()
  expect(log.match(/"refused"/g)!.length).toBeGreaterThan(2)
  const secrets = [demo.secret, demo.secret.slice(0, 40), token, token.split('.')[2]!]
  for (const secret of [...secrets, stranger.authorization!.slice('Basic '.length)]) {
    expect(log).not.toContain(secret)
  }
})

function multipart(): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(whole())) data.set(name, value)
  return data
}
