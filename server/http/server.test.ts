import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { testSettings } from '../../test/support/access.ts'
import { createServer } from './server.ts'

let app: Awaited<ReturnType<typeof createServer>>
let onAnswer: (status: number) => void = () => {}

const schema = Type.Object(
  {
    count: Type.Optional(Type.Integer()),
    on: Type.Optional(Type.Boolean()),
    names: Type.Optional(Type.Array(Type.String())),
    note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  },
  { additionalProperties: false },
)

beforeAll(async () => {
  const settings = testSettings(
    { kind: 'sqlite', file: 'none.sqlite' },
    { log: { level: 'silent' } },
  )
  app = await createServer(settings, '0.0.0', () => false)
  const config = { endpoint: 'echo', access: { public: true as const } }
  app.post('/echo', { config, schema: { body: schema } }, (request) => request.body)
  app.get('/echo', { config, schema: { querystring: schema } }, (request) => request.query)
  app.addHook('onSend', async (_request, reply) => onAnswer(reply.statusCode))
  app.get('/things/:id', { config }, () => ({}))
})
afterAll(() => app.close())

async function post(payload: string | Buffer) {
  const headers = { 'content-type': 'application/json' }
  const answer = await app.inject({ method: 'POST', url: '/echo', headers, payload })
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
}

describe('a JSON body', () => {
  it.each([
    { count: null },
    { count: true },
    { count: '5' },
    { on: 'true' },
    { on: 1 },
    { names: 'a' },
    { note: 5 },
  ])('is taken at its word: %j', async (body) => {
    const parameter = Object.keys(body)[0]
    expect(await post(JSON.stringify(body))).toMatchObject({ status: 400, body: { parameter } })
  })

  it('may say what the schema says', async () => {
    const body = { count: 5, on: true, names: ['å'], note: null }
    expect(await post(JSON.stringify(body))).toEqual({ status: 200, body })
  })

  it.each([
    ['invalid UTF-8', Buffer.from('{"note":"\xff"}', 'latin1'), 'The body is not JSON.'],
    ['no JSON', '{', 'The body is not JSON.'],
    ['a prototype', '{"__proto__":{"on":true}}', 'The body is not JSON.'],
    ['nothing', '', 'The body is empty.'],
  ])('is refused for %s', async (_fault, body, detail) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { detail } })
  })
})

it('makes of the texts of a query what the schema says', async () => {
  const answer = await app.inject('/echo?count=5&on=true&names=a')
  expect(answer.json()).toEqual({ count: 5, on: true, names: ['a'] })
})

it('takes a client that leaves in mid-body for no error of its own', async () => {
  const logged = vi.spyOn(app.log, 'error')
  const address = new URL(await app.listen({ port: 0 }))
  const socket = connect(Number(address.port), 'localhost')
  const head = ['POST /echo HTTP/1.1', 'Host: localhost', 'Content-Type: application/json']
  socket.write([...head, 'Content-Length: 9', 'Expect: 100-continue', '', ''].join('\r\n'))
  await once(socket, 'data')
  const answered = Promise.withResolvers<number>()
  onAnswer = answered.resolve
  socket.destroy()
  expect(await answered.promise).toBe(400)
  expect(logged).not.toHaveBeenCalled()
})

describe('a request that tells the type of a body and has none', () => {
  it.each([
    ['POST', '/echo', 'application/json', 400, 'The body is empty.'],
    ['POST', '/echo', 'text/csv', 415, 'type'],
    ['POST', '/echo', 'multipart/form-data; boundary=a', 400, 'body'],
    ['DELETE', '/echo', 'application/json', 405, 'there is no DELETE here'],
    ['GET', '/things/one', 'application/json', 200, '{}'],
  ])('is answered: %s %s %s', async (method, path, type, status, said) => {
    if (!app.server.listening) await app.listen({ port: 0 })
    const { port } = app.server.address() as AddressInfo
    const socket = connect(port, 'localhost')
    const head = [`${method} ${path} HTTP/1.1`, 'Host: localhost', `Content-Type: ${type}`]
    socket.write([...head, '', ''].join('\r\n'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*${said}`))
  })
})

describe('a path', () => {
  it.each([
    ['DELETE', '/echo', 'GET, HEAD, POST'],
    ['PUT', '/things/one?token=secret', 'GET, HEAD'],
  ] as const)('that has no %s says what it has: %s', async (method, url, allow) => {
    const answer = await app.inject({ method, url })
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, allow])
    expect(answer.json()).toMatchObject({ status: 405, detail: `there is no ${method} here` })
  })

  it.each(['/things', '/things/a/b', '/echoes', '/thingsXone'])('%s is not there', async (url) => {
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(404)
  })

  it.each([
    ['malformed', '/things/%zz', 400, 'The path is malformed.'],
    ['too long', `/things/${'x'.repeat(201)}`, 414, 'A part of the path is too long.'],
  ])('that is %s gets a problem, without an echo', async (_fault, url, status, detail) => {
    const answer = await app.inject(url)
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/problem\+json\b/),
      'x-content-type-options': 'nosniff',
    })
    expect(answer.json()).toMatchObject({ type: 'about:blank', status, detail })
    expect(answer.statusCode).toBe(status)
    expect(answer.body).not.toContain(url.slice('/things/'.length))
  })
})
