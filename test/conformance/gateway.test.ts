import { createPublicKey } from 'node:crypto'
import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import { answerOf, bearer, createClient, demoClient, getToken, sendRaw } from './requests.ts'

const weather = {
  id: 'weather',
  audience: 'https://weather.example/api',
  scopes: [{ name: 'weather', description: 'Read the weather' }],
}

let server: Awaited<ReturnType<typeof startSampleServer>>
/** For the map data API, to read. */
let token: string
/** For the map data API, not to read. */
let writing: string
/** For the management API. */
let managing: string
let clientId: string

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig({ ...generous, apis: [weather] }) })
  token = await getToken(server, demoClient(server))
  const client = await createClient(server, '--scope', 'read write manage')
  clientId = client.clientId
  writing = await getToken(server, client, { scope: 'write' })
  managing = await getToken(server, client, { scope: 'manage' })
})
afterAll(() => server[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { headers })

const status = async (path: string, headers?: Record<string, string>) =>
  (await get(path, headers)).status

/** Of a collection that is not open: every call needs a token. */
const PATH = '/maps/collections/places'

/** The parameters of a `WWW-Authenticate: Bearer` (RFC 6750 §3). */
function challengeOf(response: Response): Record<string, string> {
  const challenge = response.headers.get('www-authenticate')!
  expect(challenge).toMatch(/^Bearer (\w+="[^"\\]*")(, \w+="[^"\\]*")*$/)
  return Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
  )
}

describe('RFC 6750 §2.1', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR', 'OAuth', 'oauth'])(
    'takes a token after %s',
    async (scheme) => {
      expect(await status(PATH, { authorization: `${scheme} ${token}` })).toBe(200)
    },
  )

  it.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer "x"', 'Bearer ä'])(
    'calls “%s” malformed',
    async (authorization) => {
      const response = await get(PATH, { authorization })
      expect(response.status).toBe(400)
      expect(challengeOf(response).error).toBe('invalid_request')
    },
  )

  it('takes another scheme for none', async () => {
    const response = await get(PATH, { authorization: 'Basic YTpi' })
    expect(response.status).toBe(401)
    expect(challengeOf(response)).not.toHaveProperty('error')
  })
})

describe('RFC 6750 §2.3', () => {
  it('takes a token in the query where that is allowed', async () => {
    const response = await get(`${PATH}?access_token=${token}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toContain('private')
  })

  it('does not see it elsewhere', async () => {
    const path = `/admin/clients/${clientId}`
    expect(await status(path, bearer(managing))).toBe(200)
    const response = await get(`${path}?access_token=${managing}`)
    expect(response.status).toBe(401)
    expect(challengeOf(response)).not.toHaveProperty('error')
  })

  it('takes the same token twice, and refuses two', async () => {
    expect(await status(`${PATH}?access_token=${token}`, bearer(token))).toBe(200)
    expect(await status(`${PATH}?access_token=${writing}`, bearer(token))).toBe(400)
    expect(await status(`${PATH}?access_token=${token}&access_token=${token}`)).toBe(400)
    expect(await status(`${PATH}?access_token=`, bearer(token))).toBe(400)
  })
})

describe('RFC 9110', () => {
  it('§11.6.2: refuses two Authorization headers', async () => {
    const head = [`GET ${PATH} HTTP/1.1`, `Authorization: Bearer ${token}`]
    expect((await sendRaw(server, head)).status).toBe(200)
    expect((await sendRaw(server, [...head, head[1]!])).status).toBe(400)
    expect((await sendRaw(server, [...head, 'authorization: Basic YTpi'])).status).toBe(400)
  })

  it('RFC 9112 §3.2.2: takes an absolute request target', async () => {
    for (const base of [server.url, 'https://graph.mapillary.com', 'HTTP://example.com:8080']) {
      const target = `GET ${base}${PATH} HTTP/1.1`
      const answer = await sendRaw(server, [target, `Authorization: Bearer ${token}`])
      expect(answer.status).toBe(200)
      expect((await sendRaw(server, [target])).status).toBe(401)
    }
    expect((await sendRaw(server, [`GET ${server.url} HTTP/1.1`])).status).toBe(200)
  })

  it('RFC 9112 §9.3: keeps connections for longer than proxies do', async () => {
    const response = await get(PATH, bearer(token))
    const [, seconds] = /timeout=(\d+)/.exec(response.headers.get('keep-alive')!)!
    expect(Number(seconds)).toBeGreaterThan(60)
  })

  it('§9.3.2: answers HEAD as GET, without the body', async () => {
    const head = (headers: Record<string, string>) =>
      fetch(server.url + PATH, { method: 'HEAD', headers })
    const response = await head(bearer(token))
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
    expect((await head({})).status).toBe(401)
    expect((await head(bearer(writing))).status).toBe(403)
  })
})

describe('RFC 6750 §3', () => {
  it('names no error for a request without a token, only where to learn more', async () => {
    const response = await get(PATH)
    expect(response.status).toBe(401)
    expect(challengeOf(response)).toEqual({
      realm: 'mapgate',
      scope: 'read',
      resource_metadata: `${server.url}/.well-known/oauth-protected-resource/maps`,
    })
    expect(await answerOf(response)).toMatchObject({ body: { status: 401 } })
  })

  it('is 403 for a token that lacks the scope', async () => {
    const response = await get(PATH, bearer(writing))
    expect(response.status).toBe(403)
    expect(challengeOf(response)).toMatchObject({ error: 'insufficient_scope', scope: 'read' })
  })

  it('RFC 9068 §4: is 401 for a token for another API', async () => {
    const response = await get(PATH, bearer(managing))
    expect(response.status).toBe(401)
    expect(challengeOf(response).error).toBe('invalid_token')
  })

  it('RFC 9068 §4: manages no secrets with a token that another API gets to see too', async () => {
    const client = await createClient(server, '--scope', 'read weather')
    const path = `/admin/clients/${client.clientId}/secrets`
    const shared = await getToken(server, client)
    expect(await status(PATH, bearer(shared))).toBe(200)
    expect(await status(path, bearer(shared))).toBe(401)
    const resource = `${server.url}/admin`
    expect(await status(path, bearer(await getToken(server, client, { resource })))).toBe(200)

    const foreign = await createClient(server, '--scope', 'weather')
    const own = `/admin/clients/${foreign.clientId}/secrets`
    expect(await status(own, bearer(await getToken(server, foreign)))).toBe(401)
    expect(await status(own, bearer(await getToken(server, foreign, { resource })))).toBe(200)
    const operator = await createClient(server, '--scope', 'operate weather')
    const customers = '/admin/customers'
    expect(await status(customers, bearer(await getToken(server, operator)))).toBe(401)
    expect(await status(customers, bearer(await getToken(server, operator, { resource })))).toBe(
      200,
    )
  })

  it('RFC 9728 §5.1: the metadata is where the challenge says, and names the resource', async () => {
    for (const path of [PATH, `/admin/clients/${clientId}`]) {
      const { resource_metadata: url } = challengeOf(await get(path))
      const response = await fetch(url!)
      const { resource } = (await response.json()) as { resource: string }
      expect([response.status, path.startsWith(new URL(resource).pathname)]).toEqual([200, true])
    }
  })
})

describe('a token that this server did not make', () => {
  /** The key with which the good token was signed, as everybody sees it. */
  async function signingKey(): Promise<JWK> {
    const { keys } = (await (await get('/jwks')).json()) as {
      keys: JWK[]
    }
    return keys.find(({ kid }) => kid === decodeProtectedHeader(token).kid)!
  }

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = () => decodeJwt(token)
  const header = () => decodeProtectedHeader(token) as JWTHeaderParameters

  const forgeries: [string, () => string | Promise<string>][] = [
    ['is garbage', () => 'garbage'],
    ['is three pieces of garbage', () => 'a.b.c'],
    ['is very long', () => `${token}${'A'.repeat(9_000)}`],
    ['lacks its signature', () => token.replace(/\.[^.]+$/, '.')],
    [
      'has other claims',
      () => token.replace(/\.[^.]+\./, `.${encode({ ...claims(), scope: 'read write' })}.`),
    ],
    ['is not signed at all', () => `${encode({ ...header(), alg: 'none' })}.${encode(claims())}.`],
    [
      'is signed with the public key as a password (PEM)',
      async () => {
        const key = createPublicKey({ key: await signingKey(), format: 'jwk' })
        const password = Buffer.from(key.export({ type: 'spki', format: 'pem' }))
        return new SignJWT(claims())
          .setProtectedHeader({ ...header(), alg: 'HS256' })
          .sign(password)
      },
    ],
    [
      'is signed with the public key as a password (JWK)',
      async () =>
        new SignJWT(claims())
          .setProtectedHeader({ ...header(), alg: 'HS256' })
          .sign(Buffer.from(JSON.stringify(await signingKey()))),
    ],
    [
      'is signed with another key of the same name',
      async () => {
        const { privateKey } = await generateKeyPair('ES256')
        return new SignJWT(claims()).setProtectedHeader(header()).sign(privateKey)
      },
    ],
    [
      'brings its own key',
      async () => {
        const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
        const jwk = await exportJWK(publicKey)
        return new SignJWT(claims())
          .setProtectedHeader({ ...header(), kid: 'mine', jwk })
          .sign(privateKey)
      },
    ],
  ]

  it.each(forgeries)('%s: 401', async (_name, forge) => {
    const response = await get(PATH, bearer(await forge()))
    expect(response.status).toBe(401)
    expect(challengeOf(response).error).toBe('invalid_token')
  })

  it('comes from another issuer: 401', async () => {
    await using other = await startSampleServer()
    const foreign = await getToken(other, demoClient(other))
    expect(await status(PATH, bearer(foreign))).toBe(401)
  })
})

it('the token is left as good as it was by all this', async () => {
  expect(await status(PATH, bearer(token))).toBe(200)
})
