import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Admin, openAdmin } from '../../test/support/admin.ts'

let admin: Admin
beforeAll(async () => {
  admin = await openAdmin()
})
afterAll(() => admin[Symbol.asyncDispose]())

/** The ids on all pages of a list. */
async function listAll(path: string, token: string): Promise<string[]> {
  const ids: string[] = []
  for (let url: string | null = path; url !== null;) {
    const { body } = await admin.call('GET', url, { token })
    ids.push(...body.items.map(({ id }: { id: string }) => id))
    url = body.next && new URL(body.next).pathname + new URL(body.next).search
  }
  return ids
}

describe('/admin/customers', () => {
  it('creates, shows, suspends, resumes and deletes', async () => {
    const { call, operator: token } = admin
    const created = await call('POST', '/admin/customers', { token, body: { name: 'Acme' } })
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({
      id: expect.stringMatching(/^\d{16,19}$/),
      name: 'Acme',
      suspended: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    const path = new URL(String(created.headers.location)).pathname
    expect((await call('GET', path, { token })).body).toEqual(created.body)
    const suspended = await call('POST', `${path}/suspend`, { token })
    expect([suspended.status, suspended.body.suspended]).toEqual([200, true])
    const resumed = await call('POST', `${path}/resume`, { token })
    expect(resumed.body.suspended).toBe(false)
    expect((await call('DELETE', path, { token })).status).toBe(204)
    const gone = [
      await call('GET', path, { token }),
      await call('DELETE', path, { token }),
      await call('POST', `${path}/suspend`, { token }),
    ]
    expect(gone.map(({ status }) => status)).toEqual([404, 404, 404])
  })

  it('refuses an id in use, a customer with clients, and what is malformed', async () => {
    const { call, operator: token } = admin
    const create = (body: object) => call('POST', '/admin/customers', { token, body })
    expect((await create({ id: 'c1', name: 'again' })).status).toBe(409)
    expect((await create({ id: 'c 1', name: 'again' })).body.parameter).toBe('id')
    expect((await create({ name: '' })).body.parameter).toBe('name')
    expect((await create({})).body.parameter).toBe('name')
    expect((await call('DELETE', '/admin/customers/c1', { token })).status).toBe(409)
    const zero = await call('GET', '/admin/customers?limit=0', { token })
    expect([zero.status, zero.body.parameter]).toEqual([400, 'limit'])
  })

  it('is for operators', async () => {
    const { call, manager: token } = admin
    const answers = [
      await call('GET', '/admin/customers', { token }),
      await call('POST', '/admin/customers', { token, body: { name: 'Mine' } }),
      await call('POST', '/admin/customers/c1/suspend', { token }),
      await call('DELETE', '/admin/customers/c1', { token }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect(answers[0]!.headers['www-authenticate']).toContain('error="insufficient_scope"')
  })

  it('goes page by page', async () => {
    const ids = await listAll('/admin/customers?limit=1', admin.operator)
    expect(ids).toEqual([...new Set(ids)])
    expect(ids).toEqual(expect.arrayContaining(['c1', 'c2']))
  })
})

describe('/admin/clients', () => {
  it('creates, shows, changes and deletes a client', async () => {
    const { call, operator: token } = admin
    const body = { displayName: 'Kiosk', customerId: 'c1', scopes: ['read', 'read'] }
    const created = await call('POST', '/admin/clients', { token, body })
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({
      id: expect.stringMatching(/^\d{16,19}$/),
      customerId: 'c1',
      displayName: 'Kiosk',
      description: '',
      type: 'confidential',
      scopes: ['read'],
      grants: ['client_credentials'],
      tokenLifetimeSeconds: 3_600,
      signingAlgorithm: null,
    })
    const path = new URL(String(created.headers.location)).pathname
    expect((await call('GET', path, { token })).body).toEqual(created.body)

    const changes = {
      description: 'In the hall.\nTwo of them.',
      scopes: ['upload'],
      signingAlgorithm: 'RS256',
    }
    const changed = await call('PATCH', path, { token, body: changes })
    expect(changed.status).toBe(200)
    expect(changed.body).toEqual({ ...created.body, ...changes })
    const reset = await call('PATCH', path, { token, body: { signingAlgorithm: null } })
    expect(reset.body.signingAlgorithm).toBeNull()

    expect((await call('DELETE', path, { token })).status).toBe(204)
    const gone = [
      await call('GET', path, { token }),
      await call('PATCH', path, { token, body: { description: '' } }),
      await call('POST', `${path}/resume`, { token }),
      await call('DELETE', path, { token }),
    ]
    expect(gone.map(({ status }) => status)).toEqual([404, 404, 404, 404])
  })

  it('sets how it logs in, judged as anywhere', async () => {
    const { call, manager: token } = admin
    const create = (body: object) =>
      call('POST', '/admin/clients', { token, body: { displayName: 'App', ...body } })
    const created = await create({
      type: 'public',
      grants: ['authorization_code', 'refresh_token'],
      redirectUris: ['https://app.example/cb'],
      refreshMode: 'keep',
    })
    expect([created.status, created.body]).toMatchObject([
      201,
      {
        authMethod: 'none',
        requirePkce: true,
        refreshMode: 'keep',
        redirectUris: ['https://app.example/cb'],
        registration: 'operator',
        jwks: null,
        logoAt: null,
      },
    ])
    const path = `/admin/clients/${created.body.id}`
    for (const [body, parameter] of [
      [{ redirectUris: ['javascript:alert(1)'] }, 'redirectUris'],
      [{ redirectUris: [] }, 'redirectUris'],
      [{ requirePkce: false }, 'requirePkce'],
      [{ authMethod: 'client_secret' }, 'authMethod'],
      [{ jwksUri: 'https://10.0.0.1/' }, 'jwksUri'],
      [{ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'jwks'],
      [{ profile: 'fapi2' }, 'authMethod'],
      [{ website: 'javascript:alert(1)' }, 'website'],
    ] as const) {
      const refused = await call('PATCH', path, { token, body })
      expect([refused.status, refused.body.parameter]).toEqual([400, parameter])
    }
    expect((await call('GET', path, { token })).body).toEqual(created.body)
    expect((await create({ grants: ['authorization_code'] })).body.parameter).toBe('redirectUris')
  })

  it('suspends and resumes: its tokens stop and go on', async () => {
    const { call, operator: token } = admin
    const client = await admin.addClient('pausing')
    const status = async () =>
      (await call('GET', '/admin/clients/pausing', { token: client.token })).status
    const suspended = await call('POST', '/admin/clients/pausing/suspend', { token })
    expect([suspended.status, suspended.body.suspended]).toEqual([200, true])
    expect(await status()).toBe(401)
    await call('POST', '/admin/clients/pausing/resume', { token })
    expect(await status()).toBe(200)
  })

  it.each([
    ['an unknown customer', { customerId: 'c9' }, 'customerId'],
    ['a scope that no API declares', { scopes: ['fly'] }, 'scopes'],
    ['an API that there is not', { apiId: 'none' }, 'apiId'],
    ['an unknown grant', { grants: ['password'] }, 'grants.0'],
    ['a lifetime over a day', { tokenLifetimeSeconds: 86_401 }, 'tokenLifetimeSeconds'],
    ['a NUL', { displayName: 'a\0' }, 'displayName'],
    ['an id with a slash', { id: 'a/b' }, 'id'],
    ['an unknown member', { secret: 'x' }, 'secret'],
  ])('refuses %s', async (_name, wrong, parameter) => {
    const { call, operator: token } = admin
    const body = { displayName: 'Kiosk', ...wrong }
    const answer = await call('POST', '/admin/clients', { token, body })
    expect([answer.status, answer.body.parameter]).toEqual([400, parameter])
  })

  it('refuses an id in use and an empty change', async () => {
    const { call, operator: token } = admin
    const body = { displayName: 'again', id: 'manager' }
    expect((await call('POST', '/admin/clients', { token, body })).status).toBe(409)
    const change = await call('PATCH', '/admin/clients/manager', { token, body: {} })
    expect(change.status).toBe(400)
  })

  it('takes the algorithms that there are keys of', async () => {
    const { call, operator: token } = admin
    const create = async (signingAlgorithm: string | null) => {
      const body = { displayName: 'signs', signingAlgorithm }
      return call('POST', '/admin/clients', { token, body })
    }
    for (const signingAlgorithm of ['RS256', 'ES256', null]) {
      expect((await create(signingAlgorithm)).body).toMatchObject({ signingAlgorithm })
    }
    const refused = await create('PS256')
    expect([refused.status, refused.body.parameter]).toEqual([400, 'signingAlgorithm'])
    const body = { signingAlgorithm: 'EdDSA' }
    const change = await call('PATCH', '/admin/clients/manager', { token, body })
    expect([change.status, change.body.parameter]).toEqual([400, 'signingAlgorithm'])
  })

  it('shows a client itself, with any token, and nobody else', async () => {
    const { call } = admin
    const { token } = await admin.addClient('ordinary')
    expect((await call('GET', '/admin/clients/ordinary', { token })).status).toBe(200)
    expect((await call('GET', '/admin/clients/manager', { token })).status).toBe(404)
    const answers = [
      await call('GET', '/admin/clients', { token }),
      await call('POST', '/admin/clients', { token, body: { displayName: 'x' } }),
      await call('PATCH', '/admin/clients/ordinary', { token, body: { scopes: ['manage'] } }),
      await call('DELETE', '/admin/clients/ordinary', { token }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect(answers[0]!.headers['www-authenticate']).toContain('scope="manage"')
  })

  it('does not let a client suspend or delete itself', async () => {
    const { call, manager: token } = admin
    expect((await call('DELETE', '/admin/clients/manager', { token })).status).toBe(409)
    expect((await call('POST', '/admin/clients/manager/suspend', { token })).status).toBe(409)
  })

  it('lets the token of a secret that has ended read, and change nothing', async () => {
    const { call, operator } = admin
    const victim = await admin.addClient('victim')
    const client = await admin.addClient('ended', { scopes: ['manage', 'read'] })
    await call('DELETE', `/admin/clients/ended/secrets/${client.secretId}`, { token: operator })
    const body = { displayName: 'back door' }
    for (const [method, path] of [
      ['POST', ''],
      ['PATCH', '/victim'],
      ['DELETE', '/victim'],
      ['DELETE', `/victim/secrets/${victim.secretId}`],
    ] as const) {
      const answer = await call(method, `/admin/clients${path}`, {
        token: client.token,
        ...(method !== 'DELETE' && { body }),
      })
      expect([answer.status, answer.body.code], method + path).toEqual([403, 'creator-ended'])
    }
    expect((await call('GET', '/admin/clients', { token: client.token })).status).toBe(200)
  })
})

describe('`manage`', () => {
  it('lists its own customer’s clients only', async () => {
    await admin.addClient('elsewhere', { customerId: 'c2' })
    const own = await listAll('/admin/clients?limit=2', admin.manager)
    expect(own).toContain('manager')
    expect(own).not.toContain('elsewhere')
    const all = await listAll('/admin/clients?limit=2', admin.operator)
    expect(all).toEqual(expect.arrayContaining([...own, 'elsewhere']))
    const foreign = await admin.call('GET', '/admin/clients?customerId=c2', {
      token: admin.manager,
    })
    expect(foreign.status).toBe(403)
    const ofCustomer = await listAll('/admin/clients?customerId=c1', admin.operator)
    expect(ofCustomer.sort()).toEqual(own.sort())
  })

  it('creates clients of its own customer, with no scope that its own client lacks', async () => {
    const { call, manager: token } = admin
    const create = (body: object) =>
      call('POST', '/admin/clients', { token, body: { displayName: 'x', ...body } })
    const created = await create({ scopes: ['read', 'manage'] })
    expect([created.status, created.body.customerId]).toEqual([201, 'c1'])
    const refused = [
      await create({ scopes: ['operate'] }),
      await create({ scopes: ['read', 'upload'] }),
      await create({ customerId: 'c2' }),
      await create({ customerId: 'c9' }),
      await create({ id: 'chosen' }),
      await create({ apiId: 'maps' }),
    ]
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403])
  })

  it('gains no power by changing clients', async () => {
    const { call, manager: token } = admin
    await admin.addClient('target', { scopes: ['read', 'upload'] })
    await admin.addClient('superior', { scopes: ['operate'] })
    await admin.addClient('foreign', { customerId: 'c2' })
    const change = (id: string, body: object) =>
      call('PATCH', `/admin/clients/${id}`, { token, body })
    expect((await change('manager', { scopes: ['manage', 'operate'] })).status).toBe(403)
    expect((await change('target', { scopes: ['read', 'operate'] })).status).toBe(403)
    expect((await change('target', { scopes: ['read', 'write'] })).status).toBe(403)
    // What it has already, it may keep.
    expect((await change('target', { scopes: ['upload', 'manage'] })).status).toBe(200)
    // Without `operate` it would be within reach.
    expect((await change('superior', { scopes: ['read'] })).status).toBe(403)
    expect((await call('DELETE', '/admin/clients/superior', { token })).status).toBe(403)
    expect((await change('foreign', { description: 'mine' })).status).toBe(404)
    expect((await call('DELETE', '/admin/clients/foreign', { token })).status).toBe(404)
    expect((await call('POST', '/admin/clients/foreign/suspend', { token })).status).toBe(404)
  })
})
