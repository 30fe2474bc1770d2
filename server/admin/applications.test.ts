import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Admin, openAdmin } from '../../test/support/admin.ts'
import { systemActor } from '../access/audit/actor.ts'

const clock = {
  time: Date.now(),
  now: () => clock.time,
  monotonic: () => clock.time,
}

const application = {
  displayName: 'Desk <finder>',
  credentialName: 'production & test',
  permissions: ['read'],
  intendedUse: 'Shows free desks.\nOn a map.',
  contact: 'desks@example.com',
  customerId: 'c1',
}

let admin: Admin
beforeAll(async () => {
  admin = await openAdmin({ clock })
})
afterAll(() => admin[Symbol.asyncDispose]())
beforeEach(() => {
  // Past the limits of the test before, within the life of the tokens.
  clock.time += 60_000
})

let network = 0
/** From a network of its own, because few requests are allowed each. */
async function submit(changes: object = {}) {
  const body = { ...application, ...changes }
  const { http } = admin.app
  const remoteAddress = `192.0.2.${++network}`
  return http.inject({ method: 'POST', url: '/client-requests', payload: body, remoteAddress })
}

/** Approves a request as it is, so without a body. */
async function approved() {
  const { id } = (await submit()).json<{ id: string }>()
  const { operator: token } = admin
  const path = `/admin/client-requests/${id}`
  const answer = await admin.call('POST', `${path}/approve`, { token })
  if (answer.status !== 200) throw new Error(answer.text)
  return { id, path, ...answer.body, delivery: new URL(answer.body.deliveryUrl).pathname }
}

const json = { accept: 'application/json' }
const browser = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'content-type': 'application/x-www-form-urlencoded',
}

describe('a request for more permissions of a client', () => {
  async function asked() {
    const { access } = admin.app
    const outcome = await access.clients.create(systemActor, {
      customerId: 'c1',
      displayName: 'Snow ploughs',
      scopes: ['read'],
    })
    if (outcome.kind !== 'created') throw new Error(outcome.kind)
    const { client } = outcome
    await access.database.write((write) =>
      access.clientRequests.askIn(write, systemActor, client, {
        permissions: ['write', 'upload'],
        intendedUse: 'Clears roads.',
        contact: 'ann@example.com',
      }),
    )
    const [request] = await access.clientRequests.ofClient(client.id)
    return { path: `/admin/client-requests/${request!.id}`, clientId: client.id }
  }

  it('is shown as one, and gives the client the permissions', async () => {
    const { path, clientId } = await asked()
    const { operator: token } = admin
    const shown = await admin.call('GET', path, { token })
    expect(shown.body).toMatchObject({ purpose: 'permissions', clientId, status: 'requested' })
    const body = { customerId: 'c2' }
    const moved = await admin.call('POST', `${path}/approve`, { token, body })
    expect([moved.status, moved.body.parameter]).toEqual([400, 'customerId'])
    const approved = await admin.call('POST', `${path}/approve`, {
      token,
      body: { scopes: ['write'] },
    })
    expect(approved.status).toBe(200)
    expect(approved.body).toMatchObject({ client: { id: clientId, scopes: ['read', 'write'] } })
    expect(approved.body).not.toHaveProperty('deliveryUrl')
    expect((await admin.call('POST', `${path}/redeliver`, { token })).status).toBe(409)
  })

  it('can only be rejected when the client is gone', async () => {
    const { path, clientId } = await asked()
    const { operator: token } = admin
    await admin.call('DELETE', `/admin/clients/${clientId}`, { token })
    expect((await admin.call('POST', `${path}/approve`, { token })).status).toBe(409)
    const body = { reason: 'It is gone.' }
    const rejected = await admin.call('POST', `${path}/reject`, { token, body })
    expect(rejected.body).toMatchObject({ status: 'rejected', purpose: 'permissions' })
  })
})

describe('POST /client-requests', () => {
  it('takes a request, which waits for an operator', async () => {
    const answer = await submit()
    expect(answer.statusCode).toBe(201)
    const { id } = answer.json<{ id: string }>()
    expect(answer.json()).toEqual({ id, status: 'requested', createdAt: expect.any(String) })
    const shown = await admin.call('GET', `/admin/client-requests/${id}`, {
      token: admin.operator,
    })
    expect(shown.body).toMatchObject({ ...application, status: 'requested', clientId: null })
  })

  it.each([
    ['no permission', { permissions: [] }, 'permissions'],
    ['a permission that no API declares', { permissions: ['fly'] }, 'permissions'],
    ['no use', { intendedUse: '' }, 'intendedUse'],
    ['a contact that is no address', { contact: 'me' }, 'contact'],
    ['a NUL', { displayName: '\0' }, 'displayName'],
    ['an unknown member', { clientSecret: 'x' }, 'clientSecret'],
  ])('refuses %s', async (_name, wrong, parameter) => {
    const answer = await submit(wrong)
    const { parameter: named } = answer.json<{ parameter: string }>()
    expect([answer.statusCode, named]).toEqual([400, parameter])
  })

  it('takes ten an hour from a network', async () => {
    const statuses: number[] = []
    for (let count = 0; count < 11; count++) {
      const answer = await admin.app.http.inject({
        method: 'POST',
        url: '/client-requests',
        payload: application,
        // One /64.
        remoteAddress: `2001:db8::${count + 1}`,
      })
      statuses.push(answer.statusCode)
    }
    expect(statuses).toEqual([...Array<number>(10).fill(201), 429])
    expect((await submit()).statusCode).toBe(201)
  })

  it('can be closed, and takes no more than can wait', async () => {
    const withRequests = (some: object) =>
      openAdmin({
        change: (settings) => ({
          ...settings,
          clientRequests: { ...settings.clientRequests, ...some },
        }),
      })
    await using closed = await withRequests({ open: false })
    expect((await closed.call('POST', '/client-requests', { body: application })).status).toBe(403)
    await using full = await withRequests({ maximumWaiting: 1 })
    expect((await full.call('POST', '/client-requests', { body: application })).status).toBe(201)
    const refused = await full.call('POST', '/client-requests', { body: application })
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '3600'])
  })
})

it('strangers are counted apart from clients, whose counters they could fill', async () => {
  await submit()
  const { policies } = await admin.app.access.limits.take({
    clientId: `network:192.0.2.${network}`,
    endpoint: 'clientRequests.submit',
    declared: { quota: 10, windowSeconds: 3_600 },
  })
  expect(policies).toMatchObject([{ remaining: 9 }])
})

describe('/admin/client-requests', () => {
  it('is for operators', async () => {
    const { id } = (await submit()).json<{ id: string }>()
    const { manager: token } = admin
    const path = `/admin/client-requests/${id}`
    const answers = [
      await admin.call('GET', '/admin/client-requests', { token }),
      await admin.call('GET', path, { token }),
      await admin.call('POST', `${path}/approve`, { token, body: {} }),
      await admin.call('POST', `${path}/reject`, { token, body: { reason: 'no' } }),
      await admin.call('POST', `${path}/redeliver`, { token }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
  })

  it('lists by status, page by page', async () => {
    const { operator: token, call } = admin
    const first = (await submit()).json<{ id: string }>()
    clock.time += 1
    const second = (await submit()).json<{ id: string }>()
    const path = `/admin/client-requests?status=requested&limit=1&after=${first.id}`
    const page = await call('GET', path, { token })
    expect(page.body.items).toMatchObject([{ id: second.id }])
    await call('POST', `/admin/client-requests/${second.id}/reject`, {
      token,
      body: { reason: 'no' },
    })
    expect((await call('GET', path, { token })).body).toEqual({ items: [], next: null })
    const before = await call('GET', '/admin/client-requests?status=requested&limit=1', { token })
    expect(before.body.next).toContain('status=requested')
    const wrong = await call('GET', '/admin/client-requests?status=open', { token })
    expect(wrong.body.parameter).toBe('status')
  })

  it('rejects with a reason, once', async () => {
    const { operator: token, call } = admin
    const { id } = (await submit()).json<{ id: string }>()
    const path = `/admin/client-requests/${id}`
    expect((await call('POST', `${path}/reject`, { token, body: {} })).status).toBe(400)
    expect((await call('POST', `${path}/reject`, { token, body: { reason: '' } })).status).toBe(400)
    const body = { reason: 'Nobody knows you.' }
    const rejected = await call('POST', `${path}/reject`, { token, body })
    expect(rejected.status).toBe(200)
    expect(rejected.body).toMatchObject({ status: 'rejected', reason: 'Nobody knows you.' })
    expect((await call('POST', `${path}/reject`, { token, body })).status).toBe(409)
    expect((await call('POST', `${path}/approve`, { token, body: {} })).status).toBe(409)
    expect((await call('POST', `${path}/redeliver`, { token })).status).toBe(409)
    for (const verb of ['approve', 'reject', 'redeliver']) {
      const unknown = `/admin/client-requests/other/${verb}`
      expect(
        (await call('POST', unknown, { token, body: verb === 'reject' ? body : {} })).status,
      ).toBe(404)
    }
  })

  it('names what an approval lacks', async () => {
    const { operator: token, call } = admin
    const { id } = (await submit({ customerId: undefined })).json<{ id: string }>()
    const approve = async (body: object) => {
      const answer = await call('POST', `/admin/client-requests/${id}/approve`, { token, body })
      return [answer.status, answer.body.parameter]
    }
    expect(await approve({})).toEqual([400, 'customerId'])
    expect(await approve({ customerId: 'c9' })).toEqual([400, 'customerId'])
    expect(await approve({ customerId: 'c1', scopes: ['fly'] })).toEqual([400, 'scopes'])
    expect(await approve({ customerId: 'c1', scopes: ['read'] })).toEqual([200, undefined])
    expect(await approve({ customerId: 'c1' })).toEqual([409, undefined])
  })
})

describe('management asked for', () => {
  it('is granted only when the decision names it', async () => {
    const { operator: token, call } = admin
    const approve = async (permissions: string[], body: object = {}) => {
      const { id } = (await submit({ permissions })).json<{ id: string }>()
      return call('POST', `/admin/client-requests/${id}/approve`, { token, body })
    }
    expect((await approve(['read', 'operate'])).body.client.scopes).toEqual(['read'])
    const refused = await approve(['manage', 'operate'])
    expect([refused.status, refused.body.parameter]).toEqual([400, 'scopes'])
    const named = await approve(['read', 'manage'], { scopes: ['read', 'manage'] })
    expect(named.body.client.scopes).toEqual(['read', 'manage'])
  })
})

describe('the delivery link', () => {
  it('shows a page that consumes nothing and reveals the secret at the push of its button', async () => {
    const { delivery, client, path } = await approved()
    for (const method of ['GET', 'HEAD', 'GET']) {
      const shown = await admin.call(method, delivery, { headers: browser })
      expect(shown.status).toBe(200)
      if (method === 'HEAD') continue
      expect(shown.text).toContain('Desk &#60;finder&#62;')
      expect(shown.text).toContain('production &#38; test')
      expect(shown.text).toContain('<form method="post"><button type="submit">')
      expect(shown.text).not.toContain('mgs_')
    }
    const revealed = await admin.call('POST', delivery, { headers: browser })
    expect(revealed.status).toBe(200)
    const text = /mgs_\w+/.exec(revealed.text)![0]
    expect(revealed.text).toContain(client.id)
    await expect(admin.login(client.id, text)).resolves.toBeTypeOf('string')

    for (const method of ['GET', 'POST']) {
      const used = await admin.call(method, delivery, { headers: browser })
      expect([used.status, used.text.includes('mgs_')]).toEqual([410, false])
      expect(used.text).toContain('has been revealed already')
    }
    const again = await admin.call('POST', `${path}/redeliver`, { token: admin.operator })
    expect(again.status).toBe(409)
  })

  it('is kept from caches, frames, scripts and referrers', async () => {
    const { delivery } = await approved()
    for (const method of ['GET', 'POST'] as const) {
      const { headers, text } = await admin.call(method, delivery, { headers: browser })
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'content-type': 'text/html; charset=utf-8',
      })
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('script-src')
      const style = /<style>([\s\S]*)<\/style>/.exec(text)![1]!
      expect(policy).toContain(createHash('sha256').update(style).digest('base64'))
    }
  })

  it('reveals as JSON to who asks for it, to one of many at once', async () => {
    const { delivery, client } = await approved()
    const shown = await admin.call('GET', delivery, { headers: json })
    expect(shown.body).toMatchObject({ displayName: 'Desk <finder>' })
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => admin.call('POST', delivery, { headers: json })),
    )
    const won = answers.filter(({ status }) => status === 200)
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(7)
    expect(won).toHaveLength(1)
    expect(won[0]!.headers['cache-control']).toBe('no-store')
    const { clientId, clientSecret, scopes } = won[0]!.body
    expect([clientId, scopes]).toEqual([client.id, ['read']])
    await expect(admin.login(clientId, clientSecret)).resolves.toBeTypeOf('string')
    const secrets = await admin.call('GET', `/admin/clients/${client.id}/secrets`, {
      token: admin.operator,
    })
    expect(secrets.body.items).toMatchObject([{ description: 'production & test' }])
  })

  it('expires, and is replaced by a new one', async () => {
    await using later = await openAdmin({ clock, change: withDelivery(1) })
    const { operator: token, call } = later
    const submitted = await call('POST', '/client-requests', { body: application })
    const path = `/admin/client-requests/${submitted.body.id}`
    const first = await call('POST', `${path}/approve`, { token, body: {} })
    const second = await call('POST', `${path}/redeliver`, { token })
    expect(second.status).toBe(200)
    const pathOf = ({ body }: { body: { deliveryUrl: string } }) =>
      new URL(body.deliveryUrl).pathname
    expect((await call('POST', pathOf(first), { headers: browser })).status).toBe(404)
    clock.time += 3_600_000
    for (const headers of [browser, json]) {
      for (const method of ['GET', 'POST']) {
        expect((await call(method, pathOf(second), { headers })).status).toBe(410)
      }
    }
  })

  it('is a 404 when nobody made it', async () => {
    for (const headers of [browser, json]) {
      for (const method of ['GET', 'POST']) {
        const answer = await admin.call(method, '/client-requests/delivery/mgd_no', { headers })
        expect(answer.status).toBe(404)
      }
    }
    const nul = await admin.call('GET', '/client-requests/delivery/%00', { headers: json })
    expect(nul.status).toBe(400)
  })
})

function withDelivery(deliveryHours: number) {
  return <Settings extends { clientRequests: object }>(settings: Settings): Settings => ({
    ...settings,
    clientRequests: { ...settings.clientRequests, deliveryHours },
  })
}
