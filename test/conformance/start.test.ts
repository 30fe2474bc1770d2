import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { mapgate, startSampleServer, startServer } from '../support/server.ts'
import { withConfig } from './config-file.ts'
import { run } from './curl.ts'
import { demoClient, getToken, requestToken } from './requests.ts'

describe('a server refuses to start', () => {
  it('with a configuration that has faults, and lists all of them', async () => {
    const environment = {
      ...withConfig({
        colour: 'red',
        signing: { algorithm: 'none' },
        limits: { default: { quota: 0, windowSeconds: 60 }, store: 'cloud' },
        tokens: { defaultLifetimeSeconds: 86_401 },
      }),
      PORT: 'eighty',
      MAPGATE_PUBLIC_URL: 'http://maps.example.com',
    }
    const faults = ['colour', 'signing.algorithm', 'limits.default.quota', 'limits.store']
    const refusal = await startServer({ environment }).catch(String)
    expect(refusal).toMatch(/ended with code 1/)
    for (const fault of [...faults, 'tokens.defaultLifetimeSeconds', 'PORT', 'publicUrl']) {
      expect(refusal).toContain(fault)
    }
  })

  it('with a configuration file that is not there', async () => {
    const environment = { MAPGATE_CONFIG: '/nowhere/none.yaml' }
    await expect(startServer({ environment })).rejects.toThrow(/code 1[\s\S]*none\.yaml/)
  })

  it('beside another that counts calls in its own memory, and says what to do', async () => {
    await using first = await startServer()
    const { dataDir } = first
    await expect(startServer({ dataDir })).rejects.toThrow(/code 1[\s\S]*limits\.store: shared/)
    const environment = { MAPGATE_LIMITS_STORE: 'shared' }
    await expect(startServer({ dataDir, environment })).rejects.toThrow(/code 1[\s\S]*Stop it/)
    expect((await fetch(`${first.url}/ready`)).status).toBe(200)
    await first.kill()
    await using next = await startServer({ dataDir })
    expect((await fetch(`${next.url}/ready`)).status).toBe(200)
  })

  it('on data that a newer version has changed', async () => {
    await using first = await startServer()
    await first.stop()
    const database = new DatabaseSync(join(first.dataDir, 'mapgate.sqlite'))
    database.exec(`insert into migrations (name, at) values ('9999-future', 0)`)
    database.close()
    const { dataDir } = first
    await expect(startServer({ dataDir })).rejects.toThrow(/code 1[\s\S]*newer version[\s\S]*9999/)
  })

  it('with another master key than the data was written with', async () => {
    await using first = await startServer()
    await first.stop()
    const environment = { MAPGATE_MASTER_KEY: Buffer.alloc(32, 1).toString('base64url') }
    const { dataDir } = first
    await expect(startServer({ dataDir, environment })).rejects.toThrow(/code 1[\s\S]*master key/)
    await using again = await startServer({ dataDir })
    expect(again.process.exitCode).toBeNull()
  })
})

describe('SIGTERM', () => {
  it('answers what was asked, takes nothing new, writes what it counted, and ends with 0', async () => {
    await using server = await startSampleServer()
    const demo = demoClient(server)
    const token = await getToken(server, demo)
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: demo.clientId,
      client_secret: demo.secret,
    }).toString()
    const requests = await Promise.all(
      Array.from({ length: 20 }, () => beginTokenRequest(server.url, body.length)),
    )
    const exited = server.stop()
    await expect.poll(() => server.log()).toContain('stopping')
    await expect
      .poll(() => requestToken(server, demo).then(String, () => 'not reached'))
      .toBe('not reached')
    const answers = await Promise.all(requests.map((finish) => finish(body)))
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer).toContain('"access_token"')
    }
    expect(await exited).toBe(0)

    const { usage } = await mapgate<{ usage: { endpoint: string; requests: number }[] }>(
      server,
      ...['usage', '--client', demo.clientId, '--group-by', 'endpoint'],
    )
    expect(usage.find(({ endpoint }) => endpoint === 'oauth2.token')?.requests).toBe(21)
    await using again = await startServer({ dataDir: server.dataDir, port: portOf(server.url) })
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${again.url}/maps/collections`, { headers })).status).toBe(200)
  })

  it('ends with 0 when nobody asks anything, connections open or not', async () => {
    await using server = await startServer()
    const socket = connect(portOf(server.url), '127.0.0.1')
    await once(socket, 'connect')
    expect(await server.stop()).toBe(0)
    socket.destroy()
  })
})

const portOf = (url: string) => Number(new URL(url).port)

/**
 * Sends the head of a token request and waits until the server has it (RFC 9110 §10.1.1).
 * @returns what sends the rest and collects the answer
 */
async function beginTokenRequest(url: string, length: number) {
  const socket: Socket = connect(portOf(url), '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  const ended = once(socket, 'end')
  socket.write(
    [
      'POST /oauth2/token HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${length}`,
      'Connection: close',
      'Expect: 100-continue',
      '\r\n',
    ].join('\r\n'),
  )
  while (!answer.includes('\r\n\r\n')) await once(socket, 'data')
  answer = ''
  return async (body: string) => {
    socket.write(body)
    await ended
    return answer
  }
}

describe('the sample', () => {
  it('is kept in sample.json, for its owner alone, and stays the same', async () => {
    await using server = await startSampleServer()
    const file = join(server.dataDir, 'sample.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(server.sample).toEqual({
      base_url: server.url,
      customer_id: 'demo',
      client_id: expect.stringMatching(/^\d+$/),
      client_secret: expect.stringMatching(/^mgs_/),
      client_token: expect.stringMatching(/^MG\|\d+\|[0-9a-f]{32}$/),
      redirect_uri: expect.stringMatching(/^http:\/\/localhost:\d+\/callback$/),
      account_email: 'demo@example.com',
      account_password: expect.stringMatching(/^\w{24}$/),
      citygov_customer_id: 'citygov',
      citygov_client_id: expect.stringMatching(/^\d+$/),
      citygov_client_secret: expect.stringMatching(/^mgs_/),
      citygov_client_token: expect.stringMatching(/^MG\|\d+\|[0-9a-f]{32}$/),
    })
    expect(server.log()).toContain(server.sample.client_id)
    expect(server.log()).toContain(server.sample.client_secret)
    expect((await requestToken(server, demoClient(server))).status).toBe(200)
  })

  it('is explained by lines that work when pasted', async () => {
    await using server = await startSampleServer()
    await expect.poll(() => server.log()).toContain('The API reference is')
    const lines = server
      .log()
      .split('\n')
      .map((line) => line.trim())
      // CityGov's lines are those of `sample.test.ts`.
      .filter((line) => /^(TOKEN=|curl )/.test(line) && !line.includes('$CITY'))
    expect(lines).toHaveLength(6)
    const output = await run('bash', ['-c', lines.map((line) => `${line}; echo`).join('\n')])
    const [collections, items, nearest, created, secrets] = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(collections!.collections).toHaveLength(4)
    expect(items!.features).toHaveLength(5)
    expect(nearest!.features).toHaveLength(1)
    expect(created).toMatchObject({ description: 'my second' })
    expect(JSON.stringify(secrets)).toContain('my second')
  })
})
