import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { fetchWithProof, type Key, newKey } from './keys.ts'
import {
  answerOf,
  bearer,
  createClient,
  type Credentials,
  getToken,
  postForm,
  requestToken,
} from './requests.ts'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

let server: Awaited<ReturnType<typeof startSampleServer>>
/** May read, write and manage, and live an hour. */
let client: Credentials & { secretId: string }
let other: Credentials

beforeAll(async () => {
  server = await startSampleServer()
  const grants = ['--grant', 'client_credentials token_exchange']
  client = await createClient(server, ...grants, '--scope', 'read write manage')
  other = await createClient(server, ...grants)
})
afterAll(() => server[Symbol.asyncDispose]())

const exchange = (
  subject: string,
  fields: Record<string, string> | [string, string][] = {},
  by: Credentials = client,
) =>
  answerOf(
    postForm(`${server.url}/oauth2/token`, [
      ['grant_type', EXCHANGE],
      ['client_id', by.clientId],
      ['client_secret', by.secret],
      ['subject_token', subject],
      ['subject_token_type', ACCESS_TOKEN],
      ...(Array.isArray(fields) ? fields : Object.entries(fields)),
    ]),
  )

const fails = (error: string) => ({ status: 400, body: { error } })

const polygon = (west: number) => ({
  type: 'Polygon',
  coordinates: [
    [
      [west, 0],
      [west + 1, 0],
      [west + 1, 1],
      [west, 1],
      [west, 0],
    ],
  ],
})
const detailsOf = (west: number) =>
  JSON.stringify([{ type: 'map_data', actions: ['read'], area: polygon(west) }])

describe('RFC 8693', () => {
  it('§2.2.1: gives a token that may do less', async () => {
    const subject = await getToken(server, client)
    const { status, body } = await exchange(subject, { scope: 'read', expires_in: '60' })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      scope: 'read',
      expires_in: 60,
    })
    expect(body.refresh_token).toBeUndefined()
    const claims = decodeJwt(String(body.access_token))
    expect(claims).toMatchObject({
      sub: client.clientId,
      aud: `${server.url}/maps`,
      narrowed: true,
      secret_id: client.secretId,
    })
    const read = await fetch(`${server.url}/maps/collections`, {
      headers: bearer(String(body.access_token)),
    })
    expect(read.status).toBe(200)
  })

  it('never lives longer than what it came from', async () => {
    const subject = await getToken(server, client)
    const first = await exchange(subject, { expires_in: '60' })
    const second = await exchange(String(first.body.access_token), { expires_in: '3600' })
    const [exp, after] = [first, second].map(
      ({ body }) => decodeJwt(String(body.access_token)).exp!,
    )
    expect(after).toBeLessThanOrEqual(exp!)
  })

  it('never may do more, and manages no secrets', async () => {
    const subject = await getToken(server, client, { scope: 'read' })
    expect(await exchange(subject, { scope: 'read write' })).toMatchObject(fails('invalid_scope'))
    expect(await exchange(subject, { resource: `${server.url}/admin` })).toMatchObject(
      fails('invalid_target'),
    )
    const whole = await getToken(server, client)
    const same = await exchange(whole)
    const secrets = await fetch(`${server.url}/admin/clients/${client.clientId}/secrets`, {
      method: 'POST',
      headers: {
        ...bearer(String((await exchange(whole, { scope: 'read' })).body.access_token)),
        'content-type': 'application/json',
      },
      body: JSON.stringify({ description: 'mine' }),
    })
    expect([401, 403]).toContain(secrets.status)
    expect(decodeJwt(String(same.body.access_token)).narrowed).toBe(true)
  })

  it('RFC 9396: each exchange puts another layer of areas on top', async () => {
    const subject = await getToken(server, client, { scope: 'read' })
    const first = await exchange(subject, { authorization_details: detailsOf(10) })
    const second = await exchange(String(first.body.access_token), {
      authorization_details: detailsOf(11),
    })
    const third = await exchange(String(second.body.access_token))
    const details = (token: { body: Record<string, unknown> }) =>
      decodeJwt(String(token.body.access_token)).authorization_details as {
        area: string
        layer: number
      }[]
    expect(details(first)).toHaveLength(1)
    expect(details(second).map(({ layer }) => layer)).toEqual([1, 2])
    expect(details(second)[0]).toEqual(details(first)[0])
    expect(details(second)[1]!.area).not.toBe(details(first)[0]!.area)
    expect(details(third)).toEqual(details(second))
    expect(await exchange(subject, { authorization_details: '[]' })).toMatchObject(
      fails('invalid_authorization_details'),
    )
  })

  it('gives no token that is too long to be used', async () => {
    const collections = Array.from({ length: 19 }, (_, index) => `c${index}`.padEnd(100, 'x'))
    const authorization_details = JSON.stringify([
      { type: 'map_data', actions: ['read'], collections },
    ])
    const first = await exchange(await getToken(server, client), { authorization_details })
    const narrowed = String(first.body.access_token)
    const { status } = await fetch(`${server.url}/maps/collections`, { headers: bearer(narrowed) })
    expect(status).toBe(200)
    expect(await exchange(narrowed, { authorization_details })).toMatchObject(
      fails('invalid_request'),
    )
  })

  it('refuses what it does not know, instead of dropping it', async () => {
    const subject = await getToken(server, client)
    for (const fields of [
      { actor_token: subject, actor_token_type: ACCESS_TOKEN },
      { actor_token_type: ACCESS_TOKEN },
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { requested_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
      { expires_in: '0' },
      { expires_in: '1e3' },
      { expires_in: '-1' },
    ]) {
      expect(await exchange(subject, fields)).toMatchObject(fails('invalid_request'))
    }
    expect(await exchange(subject, { audience: 'https://x.example' })).toMatchObject(
      fails('invalid_target'),
    )
    const wrongType = postForm(`${server.url}/oauth2/token`, {
      grant_type: EXCHANGE,
      client_id: client.clientId,
      client_secret: client.secret,
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    })
    expect(await answerOf(wrongType)).toMatchObject(fails('invalid_request'))
  })

  it('takes nobody else’s token, no dead one, and no client token', async () => {
    const subject = await getToken(server, client)
    expect(await exchange(subject, {}, other)).toMatchObject(fails('invalid_grant'))
    expect(await exchange('garbage')).toMatchObject(fails('invalid_grant'))
    expect(await exchange(subject.slice(0, -2))).toMatchObject(fails('invalid_grant'))
    const { clientToken } = await mapgate<{ clientToken: string }>(
      server,
      ...['client-token', 'show', '--client', client.clientId],
    )
    expect(await exchange(clientToken)).toMatchObject(fails('invalid_grant'))
    await postForm(`${server.url}/oauth2/revoke`, {
      client_id: client.clientId,
      client_secret: client.secret,
      token: subject,
    })
    expect(await exchange(subject)).toMatchObject(fails('invalid_grant'))
  })

  it('a bound token stays bound: its key is needed', async () => {
    const key = await newKey()
    const url = `${server.url}/oauth2/token`
    const send = (withKey: Key, fields: Record<string, string>) =>
      answerOf(
        fetchWithProof(withKey, url, {
          method: 'POST',
          body: new URLSearchParams({
            client_id: client.clientId,
            client_secret: client.secret,
            ...fields,
          }),
        }),
      )
    const bound = await send(key, { grant_type: 'client_credentials' })
    const subject = String(bound.body.access_token)
    expect(await exchange(subject)).toMatchObject(fails('invalid_dpop_proof'))
    const fields = {
      grant_type: EXCHANGE,
      subject_token: subject,
      subject_token_type: ACCESS_TOKEN,
    }
    expect(await send(await newKey(), fields)).toMatchObject(fails('invalid_dpop_proof'))
    const narrowed = await send(key, fields)
    expect(decodeJwt(String(narrowed.body.access_token)).cnf).toEqual({ jkt: key.jkt })
  })

  it('is for clients that may use it', async () => {
    const plain = await createClient(server)
    const subject = await getToken(server, plain)
    expect(await exchange(subject, {}, plain)).toMatchObject(fails('unauthorized_client'))
    expect((await requestToken(server, plain)).status).toBe(200)
  })
})
