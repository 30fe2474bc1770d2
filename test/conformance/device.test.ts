import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { consent, createAccount, fillSignIn, newPerson, type Person, signIn } from './person.ts'
import { answerOf, createClient, type Credentials, demoClient, postForm } from './requests.ts'

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

interface Begun {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
  interval: number
}

let server: Awaited<ReturnType<typeof startSampleServer>>
let television: { clientId: string }
let other: Credentials
let ann: Person

beforeAll(async () => {
  server = await startSampleServer()
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Television', '--public'],
    ...['--grant', 'device_code refresh_token', '--scope', 'read'],
  )
  television = { clientId: created.id }
  other = await createClient(server, '--grant', 'device_code')
  await createAccount(server, 'ann@demo.example')
  ann = await signIn(server, 'ann@demo.example')
})
afterAll(() => server[Symbol.asyncDispose]())

async function begin(fields: Record<string, string> = { scope: 'read' }): Promise<Begun> {
  const response = await postForm(`${server.url}/oauth2/device`, {
    client_id: television.clientId,
    ...fields,
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as Begun
}

const poll = ({ device_code }: Begun, fields: Record<string, string> = {}) =>
  answerOf(
    postForm(`${server.url}/oauth2/token`, {
      grant_type: DEVICE_CODE,
      device_code,
      client_id: television.clientId,
      ...fields,
    }),
  )

/** The person enters the code and says what they think. */
async function answer(person: Person, userCode: string, decision: 'allow' | 'deny') {
  const page = await person.open('/device')
  const asked = await person.submit(page, 'device-form', { user_code: userCode })
  if (!asked.url.pathname.startsWith('/consent')) throw new Error(asked.text)
  return consent(person, asked, decision)
}

const fails = (error: string) => ({ status: 400, body: { error } })

describe('RFC 8628', () => {
  it('§3.2: begins with two codes', async () => {
    const begun = await begin()
    expect(begun.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(begun.verification_uri).toBe(`${server.url}/device`)
    expect(begun.verification_uri_complete).toBe(
      `${server.url}/device?user_code=${begun.user_code}`,
    )
    expect(begun.expires_in).toBe(600)
    expect(begun.interval).toBe(5)
  })

  it('§3.5: a person allows it, and the device gets its tokens once', async () => {
    const begun = await begin()
    expect(await poll(begun)).toMatchObject(fails('authorization_pending'))
    const done = await answer(ann, begun.user_code, 'allow')
    expect([done.status, done.url.pathname]).toEqual([200, '/device/done'])
    expect(done.text).toContain('connected')
    expect(await poll(begun, { resource: 'https://x.example' })).toMatchObject(
      fails('invalid_target'),
    )
    const answers = await Promise.all(Array.from({ length: 8 }, () => poll(begun)))
    const [got, ...more] = answers.filter(({ status }) => status === 200)
    expect(more).toEqual([])
    expect(decodeJwt(String(got!.body.access_token))).toMatchObject({
      sub: expect.stringMatching(/^account:\d+$/),
      scope: 'read',
      client_id: television.clientId,
    })
    expect(got!.body.refresh_token).toMatch(/^mgr_/)
    expect(await poll(begun)).toMatchObject(fails('invalid_grant'))
  })

  it('§3.5: hears of a no', async () => {
    const begun = await begin()
    const done = await answer(ann, begun.user_code.toLowerCase().replace('-', ' '), 'deny')
    expect(done.text).toContain('not connected')
    expect(await poll(begun)).toMatchObject(fails('access_denied'))
  })

  it('§3.5: is slowed down when it asks too often', async () => {
    const begun = await begin()
    expect(await poll(begun)).toMatchObject(fails('authorization_pending'))
    expect(await poll(begun)).toMatchObject(fails('slow_down'))
    await sleep(1)
    expect(await poll(begun)).toMatchObject(fails('slow_down'))
  })

  it('is worth nothing to another client, or when it is damaged', async () => {
    const begun = await begin()
    await answer(ann, begun.user_code, 'allow')
    const stolen = { client_id: other.clientId, client_secret: other.secret }
    expect(await poll(begun, stolen)).toMatchObject(fails('invalid_grant'))
    for (const device_code of ['garbage', begun.device_code.slice(0, -1), begun.user_code]) {
      expect(await poll({ ...begun, device_code })).toMatchObject(fails('invalid_grant'))
    }
    expect((await poll(begun)).status).toBe(200)
  })

  it('refuses what the client may not ask for', async () => {
    const ask = (fields: Record<string, string>) =>
      answerOf(postForm(`${server.url}/oauth2/device`, fields))
    const named = { client_id: television.clientId }
    expect(await ask({ ...named, scope: 'write' })).toMatchObject(fails('invalid_scope'))
    expect(await ask({ ...named, resource: 'https://x.example' })).toMatchObject(
      fails('invalid_target'),
    )
    expect(await ask({ ...named, authorization_details: '[{}]' })).toMatchObject(
      fails('invalid_authorization_details'),
    )
    const demo = demoClient(server)
    const barred = { client_id: demo.clientId, client_secret: demo.secret }
    expect(await ask(barred)).toMatchObject(fails('unauthorized_client'))
    expect((await ask({ client_id: 'nobody' })).status).toBe(401)
  })

  it('carries details to the token', async () => {
    const details = [{ type: 'map_data', actions: ['read'], collections: ['buildings'] }]
    const begun = await begin({ authorization_details: JSON.stringify(details) })
    await answer(ann, begun.user_code, 'allow')
    const { body } = await poll(begun)
    expect(decodeJwt(String(body.access_token)).authorization_details).toMatchObject(details)
  })
})

describe('the page /device', () => {
  it('§3.3.1: shows the code of the link, so that the person can compare it', async () => {
    const begun = await begin()
    const page = await ann.open(begun.verification_uri_complete)
    expect(page.text).toContain(begun.user_code)
    expect(page.headers.get('access-control-allow-origin')).toBeNull()
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  it('§5.4: asks again each time, also whoever allowed it before', async () => {
    for (let time = 0; time < 2; time++) {
      const begun = await begin()
      expect((await answer(ann, begun.user_code, 'allow')).url.pathname).toBe('/device/done')
    }
  })

  it('leads a stranger through the sign-in', async () => {
    const begun = await begin()
    const person = newPerson(server)
    const page = await person.open('/device')
    const signInPage = await person.submit(page, 'device-form', { user_code: begun.user_code })
    expect(signInPage.url.pathname).toBe('/sign-in')
    const asked = await fillSignIn(person, signInPage, 'ann@demo.example')
    expect((await consent(person, asked)).url.pathname).toBe('/device/done')
    expect((await poll(begun)).status).toBe(200)
  })

  it('refuses a form of another site, and what another browser began', async () => {
    const begun = await begin()
    const forged = await ann.request('/device', {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: new URLSearchParams({ user_code: begun.user_code }),
    })
    expect(forged.status).toBe(403)
    const eve = newPerson(server)
    const page = await eve.open('/device')
    const swapped = await eve.submit(page, 'device-form', { user_code: begun.user_code })
    const interaction = swapped.url.searchParams.get('interaction')!
    expect((await ann.open(`/device/resume?interaction=${interaction}`)).status).toBe(400)
    expect((await ann.open('/device/resume?interaction=x')).status).toBe(400)
    expect((await ann.open('/device/resume')).status).toBe(400)
    expect(await poll(begun)).toMatchObject(fails('authorization_pending'))
  })

  it('§5.1: limits guessing', async () => {
    const person = newPerson(server)
    const page = await person.open('/device')
    let { status } = page
    for (let guess = 0; guess < 30 && status !== 429; guess++) {
      status = (await person.submit(page, 'device-form', { user_code: 'BBBB-BBBB' })).status
      expect([400, 429]).toContain(status)
    }
    expect(status).toBe(429)
  })
})
