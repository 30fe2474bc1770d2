import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { curl } from './curl.ts'
import { createClient, type Credentials } from './requests.ts'

/** A script as MapsPeople's “Client credentials flow” has it, with another base URL. */

let server: Awaited<ReturnType<typeof startSampleServer>>

beforeAll(async () => {
  server = await startSampleServer()
})
afterAll(() => server[Symbol.asyncDispose]())

function login({ clientId, secret }: Credentials) {
  const body = `grant_type=client_credentials&client_id=${clientId}&client_secret=${secret}`
  return curl('--data', body, `${server.url}/mapsindoors/auth/connect/token`)
}

async function getToken(credentials: Credentials): Promise<string> {
  const { status, body } = await login(credentials)
  if (status !== 200) throw new Error(body)
  return (JSON.parse(body) as { access_token: string }).access_token
}

const bearer = (token: string) => ['--header', `Authorization: Bearer ${token}`]

const manage = (token: string, method: string, variables: string, ...args: string[]) =>
  curl(
    ...['--request', method, ...bearer(token), ...args],
    `${server.url}/mapsindoors/auth/api/clientcredentials?${variables}`,
  )

interface Listed {
  id: string
  description: string
  client_id: string
  createdAt: string
}

async function list(token: string, customer = 'demo'): Promise<Listed[]> {
  const { status, body } = await manage(token, 'GET', `customerId=${customer}`)
  if (status !== 200) throw new Error(body)
  return JSON.parse(body) as Listed[]
}

describe('the login', () => {
  it('answers in the documented order, for a day', async () => {
    const { status, body } = await login(await createClient(server))
    expect(status).toBe(200)
    expect(body).toMatch(
      /^\{"access_token":"[\w-]+\.[\w-]+\.[\w-]+","expires_in":86400,"token_type":"Bearer","scope":"integration"\}$/,
    )
  })

  it('answers 400 whatever is wrong, as IdentityServer4 does', async () => {
    const client = await createClient(server)
    for (const credentials of [
      { ...client, secret: 'wrong' },
      { ...client, clientId: '404' },
    ]) {
      const { status, body } = await login(credentials)
      expect(status).toBe(400)
      expect(JSON.parse(body)).toMatchObject({ error: 'invalid_client' })
    }
  })
})

it('a script replaces its secret', async () => {
  const client = await createClient(server)
  const { clientId } = client
  const token = await getToken(client)

  const created = await manage(
    ...([token, 'POST', 'customerId=demo&description=MyNewKey'] as const),
    ...[
      '--data',
      `grant_type=client_credentials&client_id=${clientId}&client_secret=${client.secret}`,
    ],
  )
  expect(created.status).toBe(200)
  const fresh = JSON.parse(created.body) as Listed & { secret: string }
  expect(Object.keys(fresh)).toEqual(['id', 'description', 'createdAt', 'secret'])
  expect(fresh.description).toBe('MyNewKey')
  expect(fresh.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/)

  const listed = await list(token)
  expect(listed).toEqual([
    {
      id: client.secretId,
      description: 'first',
      client_id: clientId,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    },
    {
      id: fresh.id,
      description: 'MyNewKey',
      client_id: clientId,
      createdAt: expect.stringMatching(/Z$/),
    },
  ])
  expect(Object.keys(listed[0]!)).toEqual(['id', 'description', 'client_id', 'createdAt'])
  for (const secret of [client.secret, fresh.secret]) {
    expect(JSON.stringify(listed)).not.toContain(secret)
  }

  const renewed = { clientId, secret: fresh.secret }
  const freshToken = await getToken(renewed)
  // The token obtained with the old secret deletes the old secret…
  const deleted = await manage(token, 'DELETE', `customerId=demo&id=${client.secretId}`)
  expect(deleted).toEqual({ status: 200, body: '' })
  expect((await login(client)).status).toBe(400)
  expect((await login(renewed)).status).toBe(200)
  expect((await list(token)).map(({ id }) => id)).toEqual([fresh.id])
  // …and can create no other.
  expect((await manage(token, 'POST', 'customerId=demo')).status).toBe(403)
  expect((await manage(freshToken, 'POST', 'customerId=demo')).status).toBe(200)
})

describe('nobody', () => {
  it('deletes the last secret of its client', async () => {
    const client = await createClient(server)
    const token = await getToken(client)
    const { status } = await manage(token, 'DELETE', `customerId=demo&id=${client.secretId}`)
    expect(status).toBe(409)
    expect((await login(client)).status).toBe(200)
  })

  it('reaches another customer, or another client’s secret', async () => {
    await mapgate(server, 'customers', 'create', 'Other', '--id', 'other')
    const other = await createClient(server, '--customer', 'other')
    const mine = await createClient(server)
    const token = await getToken(mine)
    for (const [method, variables] of [
      ['GET', 'customerId=other'],
      ['GET', 'customerId=nobody'],
      ['POST', 'customerId=other'],
      ['DELETE', `customerId=other&id=${other.secretId}`],
      ['DELETE', `customerId=demo&id=${other.secretId}`],
      ['DELETE', 'customerId=demo&id=abcdbe9e8084022af463000'],
    ] as const) {
      const { status, body } = await manage(token, method, variables)
      expect([method, variables, status]).toEqual([method, variables, 404])
      expect(JSON.parse(body)).toHaveProperty('error')
    }
    expect((await login(other)).status).toBe(200)
    expect((await list(token)).map(({ id }) => id)).toEqual([mine.secretId])
  })

  it('does without a token or a customerId', async () => {
    const client = await createClient(server)
    expect(
      (await curl(`${server.url}/mapsindoors/auth/api/clientcredentials?customerId=demo`)).status,
    ).toBe(401)
    const token = await getToken(client)
    expect((await manage(token, 'GET', '')).status).toBe(400)
    expect((await manage(token, 'DELETE', 'customerId=demo')).status).toBe(400)
    expect((await manage(token, 'GET', 'customerId=demo&customerId=demo')).status).toBe(400)
    expect((await manage(token, 'GET', 'customerId=demo%00')).status).toBe(400)
  })
})

it('an admin of the customer manages the secrets of its clients', async () => {
  await mapgate(server, 'customers', 'create', 'Managed', '--id', 'managed')
  const script = await createClient(server, '--customer', 'managed')
  const admin = await createClient(server, '--customer', 'managed', '--scope', 'manage')
  const { body } = await curl(
    ...['--data', 'grant_type=client_credentials', '--user', `${admin.clientId}:${admin.secret}`],
    `${server.url}/oauth2/token`,
  )
  const { access_token: token } = JSON.parse(body) as { access_token: string }
  const variables = `customerId=managed&client_id=${script.clientId}`
  expect((await manage(token, 'POST', variables)).status).toBe(200)
  const listed = await list(token, 'managed')
  expect(listed.filter(({ client_id: id }) => id === script.clientId)).toHaveLength(2)
  const { status } = await manage(token, 'DELETE', `customerId=managed&id=${script.secretId}`)
  expect(status).toBe(200)
  expect((await login(script)).status).toBe(400)
})
