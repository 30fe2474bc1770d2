import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { fetchWithProof, hashOf, type Key, newKey, nowSeconds, proofOf } from './keys.ts'
import {
  answerOf,
  bearer,
  createClient,
  type Credentials,
  demoClient,
  getToken,
  postForm,
} from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let demo: Credentials
let key: Key
let data: string

beforeAll(async () => {
  server = await startSampleServer()
  demo = demoClient(server)
  key = await newKey()
  data = `${server.url}/maps/collections`
})
afterAll(() => server[Symbol.asyncDispose]())

const formOf = ({ clientId, secret }: Credentials) =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
  })

const requestBound = (client: Credentials, withKey: Key) =>
  answerOf(
    fetchWithProof(withKey, `${server.url}/oauth2/token`, { method: 'POST', body: formOf(client) }),
  )

async function boundToken(client: Credentials = demo, withKey: Key = key): Promise<string> {
  const { body } = await requestBound(client, withKey)
  return String(body.access_token)
}

async function nonceOf(): Promise<string> {
  const response = await postForm(`${server.url}/oauth2/token`, formOf(demo) as never, {
    dpop: await proofOf(key, { htm: 'POST', htu: `${server.url}/oauth2/token` }),
  })
  return response.headers.get('dpop-nonce')!
}

const tokenWith = (proof: string) =>
  answerOf(
    fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      body: formOf(demo),
      headers: { dpop: proof },
    }),
  )

const dataWith = (token: string, proof: string | null, scheme = 'DPoP', url = data) =>
  fetch(url, { headers: { authorization: `${scheme} ${token}`, ...(proof && { dpop: proof }) } })

describe('RFC 9449 §5: at the token endpoint', () => {
  it('binds the token to the proven key', async () => {
    const { status, body } = await requestBound(demo, key)
    expect(status).toBe(200)
    expect(body.token_type).toBe('DPoP')
    expect(decodeJwt(String(body.access_token)).cnf).toEqual({ jkt: key.jkt })
  })

  it.each(['EdDSA', 'PS256'])('takes keys for %s', async (algorithm) => {
    const other = await newKey(algorithm)
    const token = await boundToken(demo, other)
    expect((await fetchWithProof(other, data, { token })).status).toBe(200)
  })

  it('§8: asks for a nonce, and takes no other', async () => {
    const htu = `${server.url}/oauth2/token`
    for (const nonce of [undefined, 'x', 'A'.repeat(43)]) {
      const answer = await tokenWith(await proofOf(key, { htm: 'POST', htu, nonce }))
      expect(answer).toMatchObject({ status: 400, body: { error: 'use_dpop_nonce' } })
    }
    expect(await nonceOf()).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  it('§11.1: takes a proof once, of several at once one', async () => {
    const htu = `${server.url}/oauth2/token`
    const proof = await proofOf(key, { htm: 'POST', htu, nonce: await nonceOf() })
    const answers = await Promise.all(Array.from({ length: 8 }, () => tokenWith(proof)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await tokenWith(proof)).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    })
  })

  it.each([
    ['method', () => ({ htm: 'GET' })],
    ['URL', () => ({ htu: `${server.url}/oauth2/revoke` })],
    ['host', () => ({ htu: 'https://other.example/oauth2/token' })],
    ['time', () => ({ iat: nowSeconds() - 70 })],
    ['time ahead', () => ({ iat: nowSeconds() + 30 })],
    ['jti', () => ({ jti: undefined })],
  ])('§4.3: refuses a proof with another %s', async (_name, change) => {
    const claims = {
      htm: 'POST',
      htu: `${server.url}/oauth2/token`,
      nonce: await nonceOf(),
      ...change(),
    }
    expect(await tokenWith(await proofOf(key, claims))).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    })
  })

  it('§5.2: a client that is bound to DPoP gets nothing without', async () => {
    const bound = await createClient(server, '--dpop-bound')
    const plain = await answerOf(postForm(`${server.url}/oauth2/token`, formOf(bound) as never))
    expect(plain).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    expect((await requestBound(bound, key)).status).toBe(200)
  })
})

describe('RFC 9449 §7: at the gateway', () => {
  it('lets a bound token in with its proof', async () => {
    const token = await boundToken()
    const response = await fetchWithProof(key, data, { token })
    expect(response.status).toBe(200)
    expect(response.headers.get('dpop-nonce')).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect((await fetchWithProof(key, `${data}/places/items?limit=1`, { token })).status).toBe(200)
  })

  it('§7.2: a bound token is worth nothing as Bearer, OAuth, or in the query', async () => {
    const token = await boundToken()
    const proof = async () =>
      proofOf(key, { htm: 'GET', htu: data, ath: hashOf(token), nonce: await nonceOf() })
    for (const response of [
      await dataWith(token, null, 'Bearer'),
      await dataWith(token, await proof(), 'Bearer'),
      await dataWith(token, await proof(), 'OAuth'),
      await fetch(`${data}?access_token=${token}`),
      await fetch(`${data}?access_token=${token}`, { headers: { dpop: await proof() } }),
      await dataWith(token, await proof(), 'DPoP', `${data}?access_token=${token}`),
    ]) {
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_token"/)
    }
  })

  it('§7.1: another token is worth nothing as DPoP', async () => {
    const token = await getToken(server, demo)
    const htu = data
    const nonce = await nonceOf()
    const proof = await proofOf(key, { htm: 'GET', htu, ath: hashOf(token), nonce })
    expect((await dataWith(token, proof)).status).toBe(401)
    expect((await fetch(data, { headers: bearer(token) })).status).toBe(200)
  })

  it('§11.1: verifies the proof on every call', async () => {
    const token = await boundToken()
    const nonce = await nonceOf()
    const good = { htm: 'GET', htu: data, ath: hashOf(token), nonce }
    const proof = await proofOf(key, good)
    expect((await dataWith(token, proof)).status).toBe(200)
    expect((await dataWith(token, proof)).status).toBe(401)
    const stranger = await newKey()
    const other = await boundToken()
    for (const [refused, error] of [
      [null, 'invalid_dpop_proof'],
      ['garbage', 'invalid_dpop_proof'],
      [await proofOf(stranger, good), 'invalid_token'],
      [await proofOf(key, { ...good, htm: 'POST' }), 'invalid_dpop_proof'],
      [await proofOf(key, { ...good, htu: server.url }), 'invalid_dpop_proof'],
      [await proofOf(key, { ...good, ath: undefined }), 'invalid_dpop_proof'],
      [await proofOf(key, { ...good, ath: hashOf(other) }), 'invalid_dpop_proof'],
      [await proofOf(key, { ...good, iat: nowSeconds() - 70 }), 'invalid_dpop_proof'],
      [await proofOf(key, { ...good, nonce: undefined }), 'use_dpop_nonce'],
      [await proofOf(key, { ...good, nonce: 'x' }), 'use_dpop_nonce'],
      [await proofOf(key, good, { typ: 'JWT' }), 'invalid_dpop_proof'],
      [`${await proofOf(key, good)}, ${await proofOf(key, good)}`, 'invalid_dpop_proof'],
    ] as const) {
      const response = await dataWith(token, refused)
      expect(response.status).toBe(401)
      const challenge = response.headers.get('www-authenticate')!
      expect(challenge).toMatch(/^DPoP .*algs="ES256 Ed25519 EdDSA PS256"/)
      expect(challenge).toContain(`error="${error}"`)
    }
  })

  it('shows the nonce to scripts of other origins', async () => {
    const response = await fetch(data, { headers: { origin: 'https://app.example' } })
    expect(response.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce')
  })

  it('RFC 9449 §6.2: introspection names the key', async () => {
    const token = await boundToken()
    const { body } = await answerOf(
      postForm(`${server.url}/oauth2/introspect`, {
        client_id: demo.clientId,
        client_secret: demo.secret,
        token,
      }),
    )
    expect(body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } })
  })
})
