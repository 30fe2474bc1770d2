import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { fetchWithProof, newKey } from './keys.ts'
import {
  authorizationUrl,
  authorize,
  createAccount,
  newPkce,
  type Person,
  signIn,
} from './person.ts'
import {
  answerOf,
  bearer,
  createClient,
  type Credentials,
  postForm,
  type TokenAnswer,
} from './requests.ts'

const CALLBACK = 'https://app.example/callback'

type Pair = TokenAnswer & { refresh_token: string; id_token?: string }

let server: Awaited<ReturnType<typeof startSampleServer>>
let web: Credentials
let other: Credentials
let native: { clientId: string }
let ann: Person

beforeAll(async () => {
  server = await startSampleServer()
  const common = ['--grant', 'authorization_code refresh_token', '--redirect-uri', CALLBACK]
  web = await createClient(server, ...common, '--scope', 'read write')
  other = await createClient(server, ...common)
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Native', '--public', ...common],
  )
  native = { clientId: created.id }
  await createAccount(server, 'ann@demo.example')
  ann = await signIn(server, 'ann@demo.example')
})
afterAll(() => server[Symbol.asyncDispose]())

/** The fields by which a client logs in. */
const login = (client: { clientId: string; secret?: string }): Record<string, string> => ({
  client_id: client.clientId,
  ...(client.secret !== undefined && { client_secret: client.secret }),
})

const token = (fields: Record<string, string>) => postForm(`${server.url}/oauth2/token`, fields)

async function codeOf(client: { clientId: string }, scope: string) {
  const pkce = newPkce()
  const url = authorizationUrl(server, {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: CALLBACK,
    scope,
    ...pkce.parameters,
  })
  const code = (await authorize(ann, url)).get('code')!
  return { code, code_verifier: pkce.verifier, redirect_uri: CALLBACK }
}

async function pairOf(
  client: { clientId: string; secret?: string },
  scope = 'read',
): Promise<Pair> {
  const redemption = await codeOf(client, scope)
  const response = await token({
    grant_type: 'authorization_code',
    ...login(client),
    ...redemption,
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as Pair
}

const refresh = (
  client: { clientId: string; secret?: string },
  refreshToken: string,
  more: Record<string, string> = {},
) =>
  answerOf(
    token({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      ...login(client),
      ...more,
    }),
  )

const readData = async (accessToken: string) =>
  (await fetch(`${server.url}/maps/collections`, { headers: bearer(accessToken) })).status

const invalidGrant = { status: 400, body: { error: 'invalid_grant' } }

describe('RFC 6749 §6', () => {
  it('gives a new pair that acts for the same person', async () => {
    const first = await pairOf(web, 'openid read')
    expect(await readData(first.access_token)).toBe(200)
    const { status, body } = await refresh(web, first.refresh_token)
    expect(status).toBe(200)
    expect(await readData(String(body.access_token))).toBe(200)
    const [before, after] = [first.access_token, String(body.access_token)].map(decodeJwt)
    expect(after!.sub).toMatch(/^account:\d+$/)
    for (const claim of ['sub', 'scope', 'grant_id', 'auth_time', 'aud', 'client_id']) {
      expect(after![claim]).toEqual(before![claim])
    }
    expect(decodeJwt(String(body.id_token)).sub).toBe(after!.sub)
  })

  it('gives the identical answer to the identical retry', async () => {
    const { refresh_token: first } = await pairOf(web)
    const answers = [await refresh(web, first), await refresh(web, first)]
    expect(answers[0]!.status).toBe(200)
    expect(answers[1]).toEqual(answers[0])
  })

  it('§10.4: is worth nothing with another client’s credentials', async () => {
    const { refresh_token: first } = await pairOf(web)
    expect(await refresh(other, first)).toMatchObject(invalidGrant)
    expect(await refresh(native, first)).toMatchObject(invalidGrant)
    expect(await refresh({ clientId: web.clientId }, first)).toMatchObject({ status: 401 })
    expect(await refresh({ clientId: web.clientId, secret: other.secret }, first)).toMatchObject({
      status: 401,
    })
    expect((await refresh(web, first)).status).toBe(200)
  })

  it('an access token is no refresh token, nor a refresh token an access token', async () => {
    const pair = await pairOf(web)
    for (const presented of [
      pair.access_token,
      pair.refresh_token.slice(0, -1),
      `${pair.refresh_token}0`,
      pair.refresh_token.replace('mgr_', 'mgc_'),
      'garbage',
      'x'.repeat(10_000),
    ]) {
      expect(await refresh(web, presented)).toMatchObject(invalidGrant)
    }
    expect(await readData(pair.refresh_token)).toBe(401)
    const inCode = token({
      grant_type: 'authorization_code',
      code: pair.refresh_token,
      redirect_uri: CALLBACK,
      ...login(web),
    })
    expect(await answerOf(inCode)).toMatchObject(invalidGrant)
  })

  it('a code that is used twice ends its refresh token and its access token', async () => {
    const redemption = { ...(await codeOf(web, 'read')), ...login(web) }
    const fields = { grant_type: 'authorization_code', ...redemption }
    const pair = (await (await token(fields)).json()) as Pair
    expect(await answerOf(token(fields))).toMatchObject(invalidGrant)
    expect(await refresh(web, pair.refresh_token)).toMatchObject(invalidGrant)
    expect(await readData(pair.access_token)).toBe(401)
  })
})

describe('a person’s token', () => {
  it('manages nothing', async () => {
    const { access_token: accessToken } = await pairOf(web)
    for (const path of ['/admin/clients', `/admin/clients/${web.clientId}/secrets`]) {
      const response = await fetch(server.url + path, { headers: bearer(accessToken) })
      expect([401, 403]).toContain(response.status)
    }
  })

  it('is refused in the query', async () => {
    const { access_token: accessToken } = await pairOf(web)
    const url = `${server.url}/maps/collections?access_token=${accessToken}`
    for (const response of [await fetch(url), await fetch(url, { headers: bearer(accessToken) })]) {
      expect(response.status).toBe(400)
      expect(((await response.json()) as { detail: string }).detail).toContain('access_token')
    }
  })
})

describe('RFC 7009, RFC 7662', () => {
  const about = (client: { clientId: string; secret?: string }, presented: string) => ({
    ...login(client),
    token: presented,
  })
  const introspect = (client: { clientId: string; secret?: string }, presented: string) =>
    answerOf(postForm(`${server.url}/oauth2/introspect`, about(client, presented)))
  const revoke = (client: { clientId: string; secret?: string }, presented: string) =>
    postForm(`${server.url}/oauth2/revoke`, about(client, presented))

  it('tell a client of its own refresh token, and nobody else', async () => {
    const pair = await pairOf(web)
    expect((await introspect(web, pair.refresh_token)).body).toMatchObject({
      active: true,
      client_id: web.clientId,
      scope: 'read',
      sub: decodeJwt(pair.access_token).sub,
    })
    expect((await introspect(web, pair.refresh_token)).body).not.toHaveProperty('username')
    const named = await pairOf(web, 'email read')
    for (const presented of [named.access_token, named.refresh_token]) {
      expect((await introspect(web, presented)).body.username).toBe('ann@demo.example')
    }
    expect((await introspect(other, pair.refresh_token)).body).toEqual({ active: false })
    expect((await introspect(native, pair.refresh_token)).status).toBe(401)
    await refresh(web, pair.refresh_token)
    expect((await introspect(web, pair.refresh_token)).body).toEqual({ active: false })
  })

  it('RFC 7009 §2.1: a revoked refresh token takes all along that came of its grant', async () => {
    const pair = await pairOf(web)
    const second = await refresh(web, pair.refresh_token)
    expect((await revoke(other, String(second.body.refresh_token))).status).toBe(400)
    expect((await revoke(web, String(second.body.refresh_token))).status).toBe(200)
    expect(await refresh(web, String(second.body.refresh_token))).toMatchObject(invalidGrant)
    expect(await readData(pair.access_token)).toBe(401)
    expect(await readData(String(second.body.access_token))).toBe(401)
    expect((await revoke(web, 'mgr_garbage')).status).toBe(200)
  })

  it('a public client ends its own tokens', async () => {
    const pair = await pairOf(native)
    expect((await revoke(native, pair.access_token)).status).toBe(200)
    expect(await readData(pair.access_token)).toBe(401)
    expect((await revoke(native, pair.refresh_token)).status).toBe(200)
    expect(await refresh(native, pair.refresh_token)).toMatchObject(invalidGrant)
  })
})

describe('RFC 9449 §5', () => {
  it('binds a public client’s refresh token to its key', async () => {
    const key = await newKey()
    const url = `${server.url}/oauth2/token`
    const send = (withKey: typeof key, fields: Record<string, string>) =>
      answerOf(fetchWithProof(withKey, url, { method: 'POST', body: new URLSearchParams(fields) }))
    const fields = { grant_type: 'authorization_code', ...login(native) }
    const first = await send(key, { ...fields, ...(await codeOf(native, 'read')) })
    expect(first.body.token_type).toBe('DPoP')
    const again = {
      grant_type: 'refresh_token',
      refresh_token: String(first.body.refresh_token),
      ...login(native),
    }
    expect(await answerOf(token(again))).toMatchObject(invalidGrant)
    expect(await send(await newKey(), again)).toMatchObject(invalidGrant)
    expect((await send(key, again)).body.token_type).toBe('DPoP')
  })
})
