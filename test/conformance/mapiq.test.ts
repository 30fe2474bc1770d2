import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { curl } from './curl.ts'
import { createClient, type Credentials } from './requests.ts'

/** A script as Mapiq's “Getting Started” has it, with another base URL. */

let server: Awaited<ReturnType<typeof startSampleServer>>
let client: Credentials

beforeAll(async () => {
  server = await startSampleServer()
  client = await createClient(server, '--id', '11111111-0000-0000-0000-000000000000')
})
afterAll(() => server[Symbol.asyncDispose]())

const requestToken = (scope: string, secret = client.secret) =>
  curl(
    ...['--request', 'POST'],
    ...['--url', `${server.url}/mapiq/account/api/public/oauth2/token`],
    ...['--header', 'Content-Type: application/x-www-form-urlencoded'],
    ...['--data', 'grant_type=client_credentials'],
    ...['--data', `scope=${scope}`],
    ...['--data', `client_id=${client.clientId}`],
    ...['--data', `client_secret=${secret}`],
  )

const SCOPE = 'https://api.mapiq.com/public/.default'

const get = (path: string, ...args: string[]) =>
  curl('--url', `${server.url}/mapiq/api/v2/${path}`, ...args)

describe('the Mapiq curl', () => {
  it('gets a token with the documented members', async () => {
    const { status, body } = await requestToken(SCOPE)
    expect(status).toBe(200)
    const answer = JSON.parse(body) as Record<string, number>
    expect(answer).toMatchObject({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      not_before: expect.any(Number),
      expires_in: 3_600,
      expires_on: answer.not_before! + 3_600,
      resource: `${server.url}/maps`,
    })
  })

  it('calls endpoints with it, 20 times a minute each', async () => {
    const { body } = await requestToken(SCOPE)
    const { access_token: token } = JSON.parse(body) as { access_token: string }
    const authorization = ['--header', `Authorization: Bearer ${token}`]
    for (let count = 1; count <= 20; count++) {
      const { status, body: text } = await get('places?limit=1', ...authorization)
      expect([status, (JSON.parse(text) as { places: object[] }).places]).toEqual([
        200,
        [expect.objectContaining({ name: expect.any(String) })],
      ])
    }
    const refused = await get('places?limit=1', ...authorization, '--include')
    expect(refused.status).toBe(429)
    const [, wait] = /^retry-after: (\d+)\r$/im.exec(refused.body)!
    expect(Number(wait)).toBeGreaterThan(0)
    expect(refused.body.slice(refused.body.indexOf('\r\n\r\n') + 4)).toBe(
      `{"statusCode":429,"message":"Rate limit is exceeded. Try again in ${wait} seconds."}`,
    )
    expect((await get('countries', ...authorization)).status).toBe(200)
  })

  it('is told what is wrong', async () => {
    expect((await requestToken(SCOPE, 'wrong')).status).toBe(401)
    expect((await requestToken('https://api.mapiq.com/other/.default')).status).toBe(400)
    const { status, body } = await get('places')
    expect(status).toBe(401)
    expect(JSON.parse(body)).toEqual({ statusCode: 401, message: expect.any(String) })
  })
})
