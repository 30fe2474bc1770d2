import { readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { mapgate, startSampleServer, temporaryFolder } from '../support/server.ts'
import { createScriptlessBrowser, type VisitedPage } from '../support/scriptless-browser.ts'
import { createClient, type Credentials, getToken } from './requests.ts'

/** An application as Mapillary's article and documentation have it, with other base URLs. */

const IMAGE = '169979785061521'
const CALLBACK = 'https://app.example.com/callback'
const EMAIL = 'bob@city.example'
const PASSWORD = 'a long enough passphrase'

let server: Awaited<ReturnType<typeof startSampleServer>>
let app: Credentials
/** Like `app`, of the same customer, and it may log in for itself. */
let other: Credentials
let clientToken: string
/** Of a tool that may see passwords. */
let toolToken: string

const graph = () => `${server.url}/mapillary/graph`
const www = () => `${server.url}/mapillary/www`

interface GraphError {
  message: string
  type: string
  code: number
  error_subcode?: number
  is_transient?: boolean
  fbtrace_id: string
}

async function tokenOf(clientId: string): Promise<string> {
  const shown = await mapgate<{ clientToken: string }>(
    server,
    ...['client-token', 'show', '--client', clientId],
  )
  return shown.clientToken
}

beforeAll(async () => {
  server = await startSampleServer({ environment: { MAPGATE_LOG_LEVEL: 'debug' } })
  const web = ['--scope', 'read write', '--redirect-uri', CALLBACK]
  const grants = 'authorization_code refresh_token'
  app = await createClient(server, ...web, '--grant', grants)
  other = await createClient(server, ...web, '--grant', `${grants} client_credentials`)
  const tool = await createClient(server, '--grant', 'password')
  toolToken = await tokenOf(tool.clientId)
  clientToken = await tokenOf(app.clientId)
  const { invitationUrl } = await mapgate<{ invitationUrl: string }>(
    server,
    ...['accounts', 'invite', EMAIL, '--customer', 'demo', '--role', 'viewer'],
  )
  const browser = createScriptlessBrowser(server.url)
  const page = await browser.open(invitationUrl)
  const joined = await browser.submit(page, 'invitation-form', { name: 'Bob', password: PASSWORD })
  if (joined.status !== 200) throw new Error(joined.body)
})
afterAll(() => server[Symbol.asyncDispose]())

async function read<Body = Record<string, unknown>>(
  path: string,
  token: string | null = clientToken,
): Promise<Body> {
  const answer = await fetch(`${graph()}${path}`, {
    headers: token === null ? {} : { authorization: `OAuth ${token}` },
  })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body}`)
  return JSON.parse(body) as Body
}

async function refusal(
  path: string,
  init: RequestInit = {},
): Promise<GraphError & { status: number }> {
  const answer = await fetch(`${graph()}${path}`, init)
  const body = (await answer.json()) as { error: GraphError }
  expect(Object.keys(body)).toEqual(['error'])
  expect(body.error.fbtrace_id).toMatch(/^[\w-]+$/)
  return { status: answer.status, ...body.error }
}

describe('the samples of the article', () => {
  it('Python passes its headers as query parameters, and still gets the detections', async () => {
    const query = new URLSearchParams({ Authorization: `OAuth ${clientToken}` })
    const answer = await fetch(
      `${graph()}/${IMAGE}/detections?fields=id,value,created_at&access_token=${clientToken}&${query.toString()}`,
    )
    expect(answer.status).toBe(200)
    const { data } = (await answer.json()) as { data: Record<string, string>[] }
    expect(data.length).toBeGreaterThan(0)
    for (const detection of data) {
      expect(Object.keys(detection)).toEqual(['id', 'value', 'created_at'])
      expect(detection['id']).toMatch(/^\d+$/)
      expect(detection['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/)
    }
  })

  it('JavaScript sends the token in the query and in the header', async () => {
    const url = `${graph()}/${IMAGE}/detections?fields=id,value,created_at&access_token=${clientToken}`
    const answer = await fetch(url, { headers: { Authorization: `OAuth ${clientToken}` } })
    expect(answer.status).toBe(200)
  })

  it('leave no token in the log, whether right or refused', async () => {
    const secret = clientToken.split('|')[2]!
    const wrong = 'f'.repeat(32)
    for (const hex of [secret, wrong]) {
      const token = encodeURIComponent(`MG|${app.clientId}|${hex}`)
      const query = `access_token=${token}&Authorization=OAuth+${token}`
      await fetch(`${graph()}/${IMAGE}/detections?fields=id&${query}`)
      await fetch(`${graph()}/${IMAGE}/unknown/path?${query}`)
      await fetch(`${graph()}/%zz?${query}`)
    }
    // What is told of the refusal shows that the log is not merely silent.
    await vi.waitFor(() => expect(server.log()).toContain('client_token_unknown'), 10_000)
    expect(server.log()).not.toContain(secret)
    expect(server.log()).not.toContain(wrong)
    expect(server.log()).not.toContain('access_token=')
  })
})

describe('the graph', () => {
  it('tells an image with the fields asked for, raw or encoded, and always its id', async () => {
    const expected = {
      captured_at: expect.any(Number),
      compass_angle: expect.any(Number),
      geometry: { type: 'Point', coordinates: [-89.38545, 43.07505] },
      id: IMAGE,
    }
    const fields = 'captured_at,compass_angle,geometry'
    for (const path of [
      `/${IMAGE}?fields=${fields}`,
      `/${IMAGE}?fields=${encodeURIComponent(fields)}`,
      `/${IMAGE}/?fields=${fields}`,
    ]) {
      const image = await read(path)
      expect(image, path).toEqual(expected)
      expect(Object.keys(image).at(-1)).toBe('id')
    }
    expect(await read(`/${IMAGE}`)).toEqual({ id: IMAGE })
  })

  it('tells members of what is nested', async () => {
    expect(await read(`/${IMAGE}?fields=creator.username,detections.value`)).toEqual({
      creator: { username: 'mapgate_sample', id: expect.any(String) },
      detections: {
        data: expect.arrayContaining([
          { value: expect.stringMatching(/--/), id: expect.stringMatching(/^\d+$/) },
        ]),
      },
      id: IMAGE,
    })
  })

  it('leaves out fields that Mapillary has and this data has not', async () => {
    expect(await read(`/${IMAGE}?fields=id,thumb_2048_url,mesh,width`)).toEqual({
      id: IMAGE,
      width: 4_000,
    })
  })

  it('nests the image in its detections', async () => {
    const { data } = await read<{ data: object[] }>(
      `/${IMAGE}/detections/?fields=geometry,image,value`,
    )
    expect(data[0]).toEqual({
      geometry: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
      image: { geometry: { type: 'Point', coordinates: [-89.38545, 43.07505] }, id: IMAGE },
      value: expect.any(String),
      id: expect.any(String),
    })
  })

  it('finds images in a box, at times, up to a limit', async () => {
    const box = 'bbox=-89.3990,43.0745,-89.3850,43.0755'
    const all = await read<{ data: { id: string; captured_at: number }[] }>(
      `/images?${box}&fields=captured_at`,
    )
    expect(all.data.map(({ id }) => id)).toContain(IMAGE)
    expect(all.data.length).toBeGreaterThan(5)
    const { captured_at: third } = all.data[2]!
    const from = encodeURIComponent(new Date(third).toISOString())
    const later = await read<{ data: object[] }>(`/images?${box}&start_captured_at=${from}`)
    expect(later.data.length).toBe(all.data.length - 2)
    const limited = await read<{ data: object[] }>(`/images/?${box}&limit=2`)
    expect(limited.data).toEqual(all.data.slice(0, 2).map(({ id }) => ({ id })))
    expect(await read(`/images?bbox=10,10,10.01,10.01`)).toEqual({ data: [] })
    expect(await read(`/images?${box}&is_pano=true`)).toEqual({ data: [] })
  })

  it('finds the images of a sequence', async () => {
    const { sequence } = await read<{ sequence: string }>(`/${IMAGE}?fields=sequence`)
    const { data } = await read<{ data: { id: string }[] }>(`/image_ids?sequence_id=${sequence}`)
    expect(data[0]).toEqual({ id: IMAGE })
    const found = await read<{ data: object[] }>(`/images?sequence_ids=${sequence}`)
    expect(found.data).toEqual(data)
    const ids = data.map(({ id }) => id).join(',')
    expect((await read<{ data: object[] }>(`/images?image_ids=${ids}`)).data).toEqual(data)
    // The limit counts what was found, not what was looked at.
    const last = data.at(-1)!
    const { captured_at: at } = await read<{ captured_at: number }>(
      `/${last.id}?fields=captured_at`,
    )
    const since = `start_captured_at=${new Date(at).toISOString()}&limit=1`
    for (const these of [`sequence_ids=${sequence}`, `image_ids=${ids}`]) {
      expect((await read<{ data: object[] }>(`/images?${these}&${since}`)).data).toEqual([last])
    }
  })
})

describe('errors', () => {
  const oauth = (token: string) => ({ headers: { authorization: `OAuth ${token}` } })

  it('have the envelope and the numbers that were measured', async () => {
    const unissued = `MG|${app.clientId}|${'0'.repeat(32)}`
    expect(await refusal(`/${IMAGE}`)).toMatchObject({
      status: 401,
      message: 'Invalid OAuth 2.0 Access Token',
      type: 'MLYApiException',
      code: 190,
      error_data: {},
    })
    expect(await refusal(`/${IMAGE}`, oauth('%'))).toMatchObject({
      status: 401,
      message: 'Failed to decode',
      type: 'OAuthException',
      code: 190,
    })
    expect(await refusal(`/${IMAGE}`, oauth('xyz123'))).toMatchObject({
      status: 401,
      message: 'Failed to decode',
      code: 190,
    })
    expect(await refusal(`/${IMAGE}`, oauth(unissued))).toMatchObject({
      status: 401,
      message: 'Error validating application',
      type: 'OAuthException',
      code: 190,
    })
    expect(await refusal(`/${IMAGE}?access_token=xyz123`)).toMatchObject({
      status: 400,
      message: 'Error validating application',
      type: 'OAuthException',
      code: 190,
    })
    for (const path of ['/1', '/1/detections', '/nothing', `/9${'9'.repeat(30)}`]) {
      const id = path.split('/')[1]!
      expect(await refusal(path, oauth(clientToken)), path).toMatchObject({
        status: 400,
        message: expect.stringContaining(
          `Unsupported get request. Object with ID '${id}' does not exist, `,
        ),
        type: 'MLYApiException',
        code: 100,
        error_subcode: 33,
      })
    }
  })

  it('name the parameter that is wrong', async () => {
    const faults: Record<string, string> = {
      [`/${IMAGE}?fields=nothing`]: 'nothing',
      [`/${IMAGE}?fields=width.x`]: 'width.x',
      [`/${IMAGE}/detections?fields=image.x`]: 'image.x',
      [`/${IMAGE}?fields=id&fields=id`]: 'fields',
      '/images': 'bbox',
      '/images?bbox=1,2,3': 'bbox',
      '/images?bbox=-89.5,43,-89.3,43.2': 'bbox',
      '/images?bbox=1,1,1,1&limit=0': 'limit',
      '/images?bbox=1,1,1,1&limit=2001': 'limit',
      '/images?bbox=1,1,1,1&start_captured_at=yesterday': 'start_captured_at',
      [`/images?image_ids=${Array.from({ length: 501 }, (_, index) => index).join(',')}`]:
        'image_ids',
      '/image_ids': 'sequence_id',
      '/image_ids?sequence_id=%00': 'sequence_id',
    }
    for (const [path, parameter] of Object.entries(faults)) {
      const { status, code, message } = await refusal(path, oauth(clientToken))
      expect([status, code], path).toEqual([400, 100])
      expect(message, path).toContain(parameter)
    }
  })

  it('tell an application without the scope', async () => {
    const writer = await createClient(server, '--scope', 'write')
    const token = await getToken(server, writer)
    expect(await refusal(`/${IMAGE}`, oauth(token))).toMatchObject({
      status: 403,
      code: 10,
      type: 'OAuthException',
    })
  })

  it('tell an application over its limit to wait, as JOSM understands it', async () => {
    const busy = await createClient(server)
    await mapgate(
      server,
      ...['limits', 'set', '--client', busy.clientId, '--endpoint', 'mapillary.entity'],
      ...['--quota', '2', '--window', '1m'],
    )
    const token = await tokenOf(busy.clientId)
    for (let call = 1; call <= 2; call++) await read(`/${IMAGE}`, token)
    const answer = await fetch(`${graph()}/${IMAGE}`, oauth(token))
    expect(answer.status).toBe(403)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await answer.json()).toMatchObject({
      error: {
        message: 'Application request limit reached',
        type: 'OAuthException',
        code: 4,
        is_transient: true,
      },
    })
    // Another endpoint is not concerned.
    await read(`/${IMAGE}/detections`, token)
  })

  it('allow 50,000 calls a minute otherwise', async () => {
    const answer = await fetch(`${graph()}/${IMAGE}`, oauth(clientToken))
    expect(answer.headers.get('ratelimit-policy')).toBe('"endpoint";q=50000;w=60')
  })
})

interface Tokens {
  access_token: string
  expires_in: number
  token_type: string
  refresh_token?: string
}

/** Opens the authentication URL, signs in, and answers; it ends where the application is told. */
async function connect(
  answer: 'allow' | 'deny',
  query: Record<string, string> = {},
  client = app,
): Promise<URL> {
  const browser = createScriptlessBrowser(server.url)
  const parameters = new URLSearchParams({ client_id: client.clientId, ...query })
  let page: VisitedPage = await browser.open(`${www()}/connect?${parameters.toString()}`)
  if (page.status === 0) return page.url
  expect(page.url.pathname).toBe('/sign-in')
  page = await browser.submit(page, 'sign-in-form', { email: EMAIL, password: PASSWORD })
  if (page.status !== 0) page = await browser.submit(page, 'consent-form', { decision: answer })
  expect(page.status, page.body).toBe(0)
  return page.url
}

async function codeFor(client: Credentials, query: Record<string, string> = {}): Promise<string> {
  const url = await connect('allow', query, client)
  const code = url.searchParams.get('code')
  if (code === null) throw new Error(url.href)
  return code
}

/** @param type of the body, or null: all in the query */
async function postToken(
  parameters: Record<string, string>,
  { secret }: Pick<Credentials, 'secret'> = app,
  body: 'json' | 'form' | 'mislabelled' | 'query' = 'json',
) {
  const encoded = new URLSearchParams(parameters).toString()
  const answer = await fetch(`${graph()}/token${body === 'query' ? `?${encoded}` : ''}`, {
    method: 'POST',
    headers: {
      authorization: `OAuth ${secret}`,
      ...(body !== 'query' && {
        'content-type': body === 'form' ? 'application/x-www-form-urlencoded' : 'application/json',
      }),
    },
    ...(body !== 'query' && { body: body === 'json' ? JSON.stringify(parameters) : encoded }),
  })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as object }
}

async function redeem(client = app): Promise<Tokens> {
  const code = await codeFor(client)
  const { status, body } = await postToken(
    { grant_type: 'authorization_code', client_id: client.clientId, code },
    client,
  )
  expect(status, JSON.stringify(body)).toBe(200)
  return body as Tokens
}

describe('the authorization', () => {
  it('goes from the authentication URL to the callback with code and state', async () => {
    const url = await connect('allow', { state: 'a b', scope: 'READ', response_type: 'code' })
    expect(url.href.startsWith(`${CALLBACK}?`)).toBe(true)
    expect(url.searchParams.get('state')).toBe('a b')
    expect([...url.searchParams.keys()].toSorted()).toEqual(['code', 'state'])
  })

  it.each(['json', 'form', 'mislabelled', 'query'] as const)(
    'exchanges the code, sent as %s',
    async (form) => {
      const code = await codeFor(app)
      const { status, headers, body } = await postToken(
        {
          grant_type: 'authorization_code',
          client_id: app.clientId,
          code,
          redirect_uri: CALLBACK,
        },
        app,
        form,
      )
      expect(status, JSON.stringify(body)).toBe(200)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(body).toEqual({
        access_token: expect.any(String),
        expires_in: 3_600,
        token_type: 'bearer',
        refresh_token: expect.any(String),
      })
    },
  )

  it('tells the application of a person who says no', async () => {
    const url = await connect('deny', { state: 'xyz', scope: 'WRITE' }, other)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      error: 'user_denied',
      state: 'xyz',
    })
  })

  it('takes scopes in any letter case, and tells the application of others', async () => {
    const wrong = await connect('allow', { scope: 'READ,DELETE', state: '1' })
    expect(Object.fromEntries(wrong.searchParams)).toMatchObject({
      error: 'invalid_scope',
      state: '1',
    })
    expect((await connect('allow', { scope: 'Read,WRITE' })).searchParams.has('code')).toBe(true)
  })

  it('shows the person, and sends nobody away, when client or callback are wrong', async () => {
    const browser = createScriptlessBrowser(server.url)
    for (const query of [
      'client_id=404',
      '',
      `client_id=${app.clientId}&redirect_uri=https://evil.example`,
      `client_id=${app.clientId}&client_id=404`,
    ]) {
      const page = await browser.open(`${www()}/connect?${query}`)
      expect([page.url.origin, page.status], query).toEqual([server.url, 400])
    }
  })

  it('leads from the dashboard to one’s applications', async () => {
    const answer = await fetch(`${www()}/dashboard/developers`, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/applications'])
  })
})

describe('the tokens of a person', () => {
  it('read the graph and /me, in the header and in the query', async () => {
    const { access_token } = await redeem()
    const me = await read<{ id: string }>('/me?fields=id%2Cusername', access_token)
    expect(me).toEqual({ id: expect.stringMatching(/^\d+$/), username: 'Bob' })
    expect(await read(`/${me.id}/?fields=username`, access_token)).toEqual({
      username: 'Bob',
      id: me.id,
    })
    expect(await read(`/me?access_token=${access_token}`, null)).toEqual({ id: me.id })
    expect(await read(`/${IMAGE}`, access_token)).toEqual({ id: IMAGE })
    // Others do not learn of the person.
    expect(
      await refusal(`/${me.id}`, { headers: { authorization: `OAuth ${clientToken}` } }),
    ).toMatchObject({ code: 100, error_subcode: 33 })
    expect(
      await refusal('/me', { headers: { authorization: `OAuth ${clientToken}` } }),
    ).toMatchObject({ status: 400, code: 2_500 })
  })

  it('are refreshed to a new pair with the refresh token', async () => {
    const first = await redeem()
    const { status, body } = await postToken({
      grant_type: 'refresh_token',
      client_id: app.clientId,
      refresh_token: first.refresh_token!,
    })
    expect(status, JSON.stringify(body)).toBe(200)
    const second = body as Tokens
    expect(second.token_type).toBe('bearer')
    expect(second.access_token).not.toBe(first.access_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    await read('/me', second.access_token)
  })

  it('are refreshed with the access token, as Mapillary’s clients do', async () => {
    const { access_token } = await redeem()
    const { status, body } = await postToken(
      { grant_type: 'refresh_token', client_id: app.clientId, refresh_token: access_token },
      app,
      'form',
    )
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 3_600,
      token_type: 'bearer',
    })
    await read('/me', (body as Tokens).access_token)
  })

  it('are not refreshed by another application, nor from what is no person’s', async () => {
    const { access_token, refresh_token } = await redeem()
    for (const presented of [access_token, refresh_token!]) {
      const { status, body } = await postToken(
        { grant_type: 'refresh_token', client_id: other.clientId, refresh_token: presented },
        other,
      )
      expect(status).toBe(400)
      expect(body).toMatchObject({ error: { type: 'OAuthException', code: 100 } })
    }
    for (const presented of [
      await getToken(server, other),
      await tokenOf(other.clientId),
      'x.y.z',
      'xyz',
    ]) {
      const { status } = await postToken(
        { grant_type: 'refresh_token', client_id: other.clientId, refresh_token: presented },
        other,
      )
      expect(status, presented).toBe(400)
    }
  })

  it('end with the grant: the next refresh and the next call are refused', async () => {
    const { access_token, refresh_token } = await redeem()
    const revoked = await fetch(`${server.url}/oauth2/revoke`, {
      method: 'POST',
      body: new URLSearchParams({
        token: refresh_token!,
        client_id: app.clientId,
        client_secret: app.secret,
      }),
    })
    expect(revoked.status).toBe(200)
    expect(
      await refusal('/me', { headers: { authorization: `OAuth ${access_token}` } }),
    ).toMatchObject({
      status: 401,
      code: 190,
      message: `Error validating access token: The user has not authorized application ${app.clientId}.`,
    })
    for (const presented of [access_token, refresh_token!]) {
      const { status } = await postToken({
        grant_type: 'refresh_token',
        client_id: app.clientId,
        refresh_token: presented,
      })
      expect(status).toBe(400)
    }
  })

  it('come of a code once, here alone, and with the right secret', async () => {
    const code = await codeFor(app)
    const parameters = { grant_type: 'authorization_code', client_id: app.clientId, code }
    const wrong = await postToken(parameters, { secret: 'wrong' })
    expect(wrong).toMatchObject({
      status: 401,
      body: { error: { message: 'Error validating application', code: 190 } },
    })
    const core = await fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...parameters, client_secret: app.secret }),
    })
    expect([core.status, await core.json()]).toMatchObject([400, { error: 'invalid_grant' }])
    const { status, body } = await postToken(parameters)
    expect(status).toBe(200)
    expect((await postToken(parameters)).status).toBe(400)
    // RFC 6749 §4.1.2: a replayed code revokes what it issued.
    expect(
      await refusal('/me', {
        headers: { authorization: `OAuth ${(body as Tokens).access_token}` },
      }),
    ).toMatchObject({ status: 401, code: 190 })
  })

  it('are not given for a secret in the URL', async () => {
    const answer = await fetch(
      `${graph()}/token?grant_type=refresh_token&client_id=${app.clientId}&client_secret=${app.secret}`,
      { method: 'POST' },
    )
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: { message: expect.stringContaining('client_secret') },
    })
    expect(server.log()).not.toContain(app.secret)
  })
})

describe('POST /login', () => {
  const login = (token: string, body: object) =>
    fetch(`${graph()}/login`, {
      method: 'POST',
      headers: { authorization: `OAuth ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const person = { email: EMAIL, password: PASSWORD, locale: 'en_US' }

  it('gives a token to a tool that an operator trusts with passwords', async () => {
    const answer = await login(toolToken, person)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const body = (await answer.json()) as { access_token: string; user_id: string }
    expect(Object.keys(body)).toEqual(['access_token', 'user_id'])
    expect(await read('/me?fields=id,username', body.access_token)).toEqual({
      id: body.user_id,
      username: 'Bob',
    })
    expect(server.log()).not.toContain(PASSWORD)
  })

  it('says the same of a wrong password and of an unknown e-mail', async () => {
    const answers = await Promise.all(
      [
        { ...person, password: 'wrong' },
        { ...person, email: 'nobody@city.example' },
      ].map(async (body) => {
        const answer = await login(toolToken, body)
        const { error } = (await answer.json()) as { error: GraphError }
        return { status: answer.status, ...error, fbtrace_id: '' }
      }),
    )
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]).toMatchObject({ status: 400, code: 100, error_subcode: 1_348_092 })
  })

  it('is closed to other applications and other tokens', async () => {
    const other = await login(clientToken, person)
    expect([other.status, await other.json()]).toMatchObject([403, { error: { code: 3 } }])
    const { access_token } = await redeem()
    const asPerson = await login(access_token, person)
    expect([asPerson.status, await asPerson.json()]).toMatchObject([401, { error: { code: 190 } }])
    const incomplete = await login(clientToken, { email: EMAIL })
    expect([incomplete.status, await incomplete.json()]).toMatchObject([
      400,
      { error: { code: 100, message: expect.stringContaining('password') } },
    ])
  })
})

it('mapillary-js authenticates with a client token and reads images', async () => {
  const { GraphDataProvider } = await loadMapillaryJs()
  const provider = new GraphDataProvider({ endpoint: `${graph()}/`, accessToken: clientToken })
  const { sequence } = await read<{ sequence: string }>(`/${IMAGE}?fields=sequence`)
  const { image_ids } = await provider.getSequence(sequence)
  expect(image_ids[0]).toBe(IMAGE)
  const images = await provider.getImages(image_ids.slice(0, 3))
  expect(images.map(({ node_id, node }) => [node_id, node.sequence.id])).toEqual(
    image_ids.slice(0, 3).map((id) => [id, sequence]),
  )
  expect(images[0]!.node).toMatchObject({
    geometry: { lat: 43.07505, lng: -89.38545 },
    creator: { username: 'mapgate_sample' },
    camera_type: 'perspective',
  })
  provider.setAccessToken(`MG|${app.clientId}|${'0'.repeat(32)}`)
  await expect(provider.getImages([IMAGE])).rejects.toThrow('Error validating application')
})

interface GraphDataProvider {
  getSequence(id: string): Promise<{ id: string; image_ids: string[] }>
  getImages(
    ids: string[],
  ): Promise<{ node_id: string; node: { sequence: { id: string } } & Record<string, unknown> }[]>
  setAccessToken(token: string): void
}

/** It is made for browsers: it needs what they bring, and a name that Node takes for CommonJS. */
async function loadMapillaryJs() {
  const require = createRequire(import.meta.url)
  const folder = temporaryFolder()
  try {
    const file = join(folder, 'mapillary.cjs')
    await writeFile(file, await readFile(require.resolve('mapillary-js/dist/mapillary.js')))
    const globals = globalThis as Record<string, unknown>
    globals['XMLHttpRequest'] = require('xhr2')
    globals['window'] = globalThis
    globals['document'] = { createElement: () => ({ getContext: () => null, style: {} }) }
    return require(file) as {
      GraphDataProvider: new (options: {
        endpoint: string
        accessToken: string
      }) => GraphDataProvider
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
