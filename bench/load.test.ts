import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createDraw, runLoad } from './load.ts'

describe('runLoad', () => {
  it('sends what it was given over so many connections and counts the answers', async () => {
    const seen = new Map<string, number>()
    const sockets = new Set<unknown>()
    const result = await load((request, response) => {
      seen.set(request.url!, (seen.get(request.url!) ?? 0) + 1)
      sockets.add(request.socket)
      response.end('hello')
    })
    const total = [...seen.values()].reduce((sum, count) => sum + count, 0)
    expect(result).toMatchObject({ failed: 0, firstFailure: null })
    expect(result.completed).toBeGreaterThan(0)
    // What is answered after the end is not counted: at most one answer a connection.
    expect(total - result.completed).toBeLessThanOrEqual(4)
    expect([...seen.keys()].toSorted()).toEqual(['/a', '/b'])
    expect(sockets.size).toBe(4)
  })

  it('does not count what comes before', async () => {
    let total = 0
    const result = await load((_request, response) => {
      total++
      response.end('hello')
    }, 200)
    expect(result.completed).toBeGreaterThan(0)
    expect(result.completed).toBeLessThan(total - 4)
  })

  it('counts answers other than 2xx as failures', async () => {
    const result = await load((_request, response) => response.writeHead(429).end('wait'))
    expect(result).toMatchObject({ completed: 0, firstFailure: 'status 429' })
    expect(result.failed).toBeGreaterThan(0)
  })

  it('fails when connections close before the answer', async () => {
    const result = await load((request) => request.socket.end())
    expect(result).toMatchObject({
      completed: 0,
      failed: 4,
      firstFailure: 'the connection closed before the answer',
    })
  })

  it('fails when nobody listens', async () => {
    const result = await runLoad({ ...LOAD, port: 1 })
    expect(result).toMatchObject({ completed: 0, failed: 4 })
    expect(result.firstFailure).toContain('ECONNREFUSED')
  })
})

describe('createDraw', () => {
  it('draws the same for the same seed, and all about as often', () => {
    const [one, two] = [createDraw(7, 10), createDraw(7, 10)]
    const counts = Array.from({ length: 10 }, () => 0)
    for (let index = 0; index < 10_000; index++) {
      const drawn = one()
      expect(two()).toBe(drawn)
      counts[drawn]!++
    }
    expect(Math.min(...counts)).toBeGreaterThan(800)
    expect(Math.max(...counts)).toBeLessThan(1_200)
  })
})

const LOAD = {
  requests: ['GET /a HTTP/1.1\r\nhost: x\r\n\r\n', 'GET /b HTTP/1.1\r\nhost: x\r\n\r\n'],
  connections: 4,
  leadInMilliseconds: 0,
  milliseconds: 200,
  seed: 1,
}

async function load(listener: RequestListener, leadInMilliseconds = 0) {
  await using server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return await runLoad({
    ...LOAD,
    leadInMilliseconds,
    port: (server.address() as AddressInfo).port,
  })
}
