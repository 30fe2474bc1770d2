import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createOutbound, OutboundError } from './outbound.ts'

const closing: (() => unknown)[] = []
afterEach(() => Promise.all(closing.splice(0).map((close) => close())))

async function serve(listener: RequestListener): Promise<{ port: number; connections: string[] }> {
  const connections: string[] = []
  const server = createServer(listener)
    .on('connection', () => connections.push('connected'))
    .listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, connections }
}

const options = { maxBytes: 1_000, timeoutMs: 2_000, accept: ['application/json'] }

const json: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json; charset=utf-8').end('{"a":1}')
}

describe('what is never requested', () => {
  it.each([
    'http://{host}/',
    'https://{host}/',
    'https://user:password@{host}/',
    'https://[::1]:{port}/',
    'https://[::ffff:127.0.0.1]:{port}/',
    'https://2130706433:{port}/',
    'https://0x7f.1:{port}/',
    'https://localhost:{port}/',
    'https://127.0.0.1:22/',
    'ftp://{host}/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'not a url',
  ])('%s', async (template) => {
    const { port, connections } = await serve(json)
    const url = template.replace('{host}', `127.0.0.1:${port}`).replace('{port}', String(port))
    const outbound = createOutbound({ allowedHosts: [] })
    const outcome = await outbound.fetchGuarded(url, options)
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: expect.not.stringContaining('reached'),
    })
    await expect(outbound.fetch(url)).rejects.toThrow(Error)
    expect(connections).toEqual([])
  })

  it('a name of which one address is internal', async () => {
    const { port, connections } = await serve(json)
    const outbound = createOutbound({
      allowedHosts: [],
      resolve: async () => [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    })
    expect(await outbound.fetchGuarded(`https://example.com:${port}/`, options)).toEqual({
      kind: 'failed',
      reason: 'its host is not a public one',
    })
    expect(connections).toEqual([])
  })

  it('where another allowed host redirects to', async () => {
    const inner = await serve(json)
    const outer = await serve((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${inner.port}/secret` }).end()
    })
    const outbound = createOutbound({ allowedHosts: [`127.0.0.1:${outer.port}`] })
    const url = `http://127.0.0.1:${outer.port}/`
    expect(await outbound.fetchGuarded(url, options)).toEqual({
      kind: 'failed',
      reason: 'it answered 302',
    })
    expect((await outbound.fetch(url)).status).toBe(302)
    expect(inner.connections).toEqual([])
  })
})

describe('an allowed host', () => {
  async function fetchFrom(listener: RequestListener, more: Partial<typeof options> = {}) {
    const { port } = await serve(listener)
    const outbound = createOutbound({ allowedHosts: [`localhost:${port}`] })
    return outbound.fetchGuarded(`http://localhost:${port}/keys`, { ...options, ...more })
  }

  it('is reached, by the address that was looked up', async () => {
    const { port } = await serve(json)
    const outbound = createOutbound({
      allowedHosts: [`keys.example:${port}`],
      resolve: async (host) =>
        host === 'keys.example' ? [{ address: '127.0.0.1', family: 4 }] : [],
    })
    const outcome = await outbound.fetchGuarded(`http://keys.example:${port}/`, options)
    expect(outcome).toMatchObject({ kind: 'fetched', text: '{"a":1}' })
  })

  it('is not another port of it', async () => {
    const { port } = await serve(json)
    const outbound = createOutbound({ allowedHosts: [`localhost:${port + 1}`] })
    const outcome = await outbound.fetchGuarded(`http://localhost:${port}/`, options)
    expect(outcome).toEqual({ kind: 'failed', reason: 'it is not https' })
  })

  it('must not answer with more than is asked for', async () => {
    const outcome = await fetchFrom((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.write('x'.repeat(900))
      response.write('x'.repeat(900))
    })
    expect(outcome).toEqual({ kind: 'failed', reason: 'its answer is larger than 1000 bytes' })
  })

  it('must not take longer', async () => {
    const trickle: RequestListener = (_request, response) => {
      response.setHeader('content-type', 'application/json').write('{')
    }
    expect(await fetchFrom(trickle, { timeoutMs: 100 })).toEqual({
      kind: 'failed',
      reason: 'it took too long',
    })
  })

  it.each([
    ['another type', { 'content-type': 'text/html' }, 'its content type is not application/json'],
    [
      'an encoding',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      'its answer is encoded',
    ],
  ])('must not answer with %s', async (_name, headers, reason) => {
    const outcome = await fetchFrom((_request, response) => {
      response.writeHead(200, headers).end('{}')
    })
    expect(outcome).toEqual({ kind: 'failed', reason })
  })

  it('must answer in UTF-8, and whole', async () => {
    const latin = await fetchFrom((_request, response) => {
      response.setHeader('content-type', 'application/json').end(Buffer.from([0x22, 0xe9, 0x22]))
    })
    expect(latin).toEqual({ kind: 'failed', reason: 'it is not UTF-8' })
    const cut = await fetchFrom((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{}', () => request.socket.destroy())
    })
    expect(cut).toEqual({ kind: 'failed', reason: 'it could not be reached' })
  })

  it('gets a form, as libraries send it', async () => {
    const bodies: string[] = []
    const { port } = await serve((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text))
      request.on('end', () => response.writeHead(400, { 'x-a': 'b' }).end('no'))
    })
    const outbound = createOutbound({ allowedHosts: ['127.0.0.1'] })
    const answer = await outbound.fetch(`http://127.0.0.1:${port}/token`, {
      method: 'POST',
      body: new URLSearchParams({ a: 'b c' }),
    })
    expect([answer.status, answer.headers.get('x-a'), await answer.text()]).toEqual([
      400,
      'b',
      'no',
    ])
    expect(bodies).toEqual(['a=b+c'])
  })

  it('may be gone', async () => {
    const outbound = createOutbound({ allowedHosts: ['127.0.0.1:1'] })
    await expect(outbound.fetch('http://127.0.0.1:1/')).rejects.toThrow(OutboundError)
  })
})
