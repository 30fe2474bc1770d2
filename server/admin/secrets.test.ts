import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Admin, type Answer, openAdmin } from '../../test/support/admin.ts'

let admin: Admin
beforeAll(async () => {
  admin = await openAdmin()
})
afterAll(() => admin[Symbol.asyncDispose]())

const urlOf = (clientId: string, rest = '') => `/admin/clients/${clientId}/secrets${rest}`

/** How many answers had which status. */
function countOf(answers: Answer[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

describe('a client’s own secrets', () => {
  it('are not ended by an overlap of null', async () => {
    const { token } = await admin.addClient('null')
    const body = { overlapSeconds: null }
    const rolled = await admin.call('POST', urlOf('null', '/roll'), { token, body })
    expect([rolled.status, rolled.body.parameter]).toEqual([400, 'overlapSeconds'])
  })

  it('are rotated by the client with an ordinary token, without ever being locked out', async () => {
    const { call, login } = admin
    const client = await admin.addClient('rotates')
    const created = await call('POST', urlOf('rotates'), {
      token: client.token,
      body: { description: 'second' },
    })
    expect(created.status).toBe(201)
    expect(created.headers).toMatchObject({
      'cache-control': 'no-store',
      location: expect.stringMatching(`/admin/clients/rotates/secrets/${created.body.id}$`),
    })
    expect(created.body).toMatchObject({
      clientId: 'rotates',
      description: 'second',
      state: 'active',
      secret: expect.stringMatching(/^mgs_/),
      createdBy: { kind: 'client', id: 'rotates', secretId: client.secretId },
    })
    const { secret: text, ...shown } = created.body

    const list = await call('GET', urlOf('rotates'), { token: client.token })
    expect(list.status).toBe(200)
    expect(list.body.items).toMatchObject([{ id: client.secretId }, shown])
    expect(list.text).not.toContain(text)
    const shownAgain = await call('GET', urlOf('rotates', `/${shown.id}`), { token: client.token })
    expect(shownAgain.body).toEqual(shown)

    const newToken = await login('rotates', text)
    const deleted = await call('DELETE', urlOf('rotates', `/${client.secretId}`), {
      token: newToken,
    })
    expect(deleted.status).toBe(200)
    expect(deleted.body).toMatchObject({
      deleted: [{ id: client.secretId, state: 'revoked' }],
      warnings: [],
    })
    await expect(login('rotates', client.text)).rejects.toThrow('invalid_client')

    // The old token still lists and deletes, and gives itself no new power.
    expect((await call('GET', urlOf('rotates'), { token: client.token })).status).toBe(200)
    for (const path of [urlOf('rotates'), urlOf('rotates', '/roll')]) {
      const refused = await call('POST', path, { token: client.token, body: {} })
      expect(refused.status).toBe(403)
      expect(refused.body.code).toBe('creator-ended')
    }
    const last = await call('DELETE', urlOf('rotates', `/${shown.id}`), { token: client.token })
    expect(last.status).toBe(409)
    expect((await call('GET', urlOf('rotates'), { token: newToken })).body.items).toHaveLength(1)
  })

  it('stop with their tokens when asked to', async () => {
    const { call } = admin
    const client = await admin.addClient('leaks')
    const rolled = await call('POST', urlOf('leaks', '/roll'), {
      token: client.token,
      body: { overlapSeconds: 0, description: 'after the leak', revokeTokens: true },
    })
    expect(rolled.status).toBe(201)
    expect(rolled.body).toMatchObject({
      description: 'after the leak',
      retired: [{ id: client.secretId, state: 'expired' }],
    })
    expect((await call('GET', urlOf('leaks'), { token: client.token })).status).toBe(401)
    await expect(admin.login('leaks', rolled.body.secret)).resolves.toBeTypeOf('string')
  })

  it('go on working for a while after a roll', async () => {
    const client = await admin.addClient('rolls')
    const rolled = await admin.call('POST', urlOf('rolls', '/roll'), {
      token: client.token,
      body: { overlapSeconds: 60 },
    })
    expect(rolled.body.retired).toMatchObject([{ id: client.secretId, state: 'retiring' }])
    await expect(admin.login('rolls', client.text)).resolves.toBeTypeOf('string')
  })

  it('take the secrets created with one along when it is deleted', async () => {
    const { call } = admin
    const client = await admin.addClient('chains')
    const created = await call('POST', urlOf('chains'), { token: client.token, body: {} })
    const query = '?revokeTokens=true&deleteCreated=true'
    const deleted = await call('DELETE', urlOf('chains', `/${client.secretId}${query}`), {
      token: admin.operator,
    })
    expect(deleted.status).toBe(200)
    expect(deleted.body.deleted).toHaveLength(2)
    expect(deleted.body.deleted.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining([client.secretId, created.body.id]),
    )
    // It was used a moment ago, and someone else deleted it.
    expect(deleted.body.warnings).toHaveLength(1)
    expect((await call('GET', urlOf('chains'), { token: client.token })).status).toBe(401)
  })

  it('take along only what the one who deletes may manage', async () => {
    const { call, login } = admin
    const [left, right, strong, abroad] = [
      await admin.addClient('left'),
      await admin.addClient('right'),
      await admin.addClient('stronger', { scopes: ['operate'] }),
      await admin.addClient('abroad', { customerId: 'c2' }),
    ]
    const { secrets } = admin.app.access
    const actor = {
      kind: 'client',
      id: 'left',
      secretId: left.secretId,
      address: null,
      requestId: null,
    } as const
    const created = await Promise.all(
      [left, right, strong, abroad].map(async ({ id }) => {
        const outcome = await secrets.create(actor, id, { description: '', expiresAt: null })
        if (outcome.kind !== 'created') throw new Error(outcome.kind)
        return outcome.secret.id
      }),
    )
    const path = urlOf('left', `/${left.secretId}?deleteCreated=true`)
    const deleted = await call('DELETE', path, { token: admin.manager })
    const ids: string[] = deleted.body.deleted.map(({ id }: { id: string }) => id)
    expect(new Set(ids)).toEqual(new Set([left.secretId, created[0], created[1]]))
    for (const { id, text } of [right, strong, abroad]) {
      await expect(login(id, text)).resolves.toBeTypeOf('string')
    }
  })

  it('are refused to public clients, and so is the grant', async () => {
    const { app, call } = admin
    const client = await admin.addClient('goes-public')
    await app.access.database.write(async (write) => {
      await write.query
        .updateTable('clients')
        .set({ type: 'public' })
        .where('id', '=', client.id)
        .execute()
      write.announce('client', client.id)
    })
    const path = urlOf(client.id)
    expect((await call('POST', path, { token: client.token, body: {} })).status).toBe(409)
    await expect(admin.login(client.id, client.text)).rejects.toThrow('unauthorized_client')
  })

  it('are not managed with a narrowed token', async () => {
    const client = await admin.addClient('narrow', { scopes: ['read', 'upload'] })
    const token = await admin.login('narrow', client.text, 'read')
    const answers = [
      await admin.call('GET', urlOf('narrow'), { token }),
      await admin.call('POST', urlOf('narrow'), { token, body: {} }),
      await admin.call('DELETE', urlOf('narrow', `/${client.secretId}`), { token }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
  })

  it('are never all deleted, whatever comes at once', async () => {
    const client = await admin.addClient('races')
    const { token } = client
    const other = await admin.call('POST', urlOf('races'), { token, body: {} })
    const answers = await Promise.all(
      [client.secretId, other.body.id].map((id) =>
        admin.call('DELETE', urlOf('races', `/${id}`), { token }),
      ),
    )
    expect(countOf(answers)).toEqual({ 200: 1, 409: 1 })
  })
})

describe('others’ secrets', () => {
  it('are no different from what there is not', async () => {
    const { call } = admin
    const victim = await admin.addClient('victim', { customerId: 'c2' })
    const neighbour = await admin.addClient('neighbour')
    const own = await admin.addClient('curious')
    for (const token of [own.token, admin.manager]) {
      const unknown = await call('GET', urlOf('nobody'), { token })
      expect(unknown.status).toBe(404)
      for (const [method, path] of [
        ['GET', urlOf('victim')],
        ['POST', urlOf('victim')],
        ['POST', urlOf('victim', '/roll')],
        ['GET', urlOf('victim', `/${victim.secretId}`)],
        ['DELETE', urlOf('victim', `/${victim.secretId}`)],
      ] as const) {
        const body = method === 'POST' ? { body: {} } : {}
        const answer = await call(method, path, { token, ...body })
        expect([path, answer.status, answer.text]).toEqual([path, 404, unknown.text])
      }
    }
    expect((await call('GET', urlOf('neighbour'), { token: own.token })).status).toBe(404)
    // Under the own client's path, another's secret is not there either.
    const absent = await call('GET', urlOf('curious', '/ffffffffffffffffffffffff'), own)
    expect(absent.status).toBe(404)
    for (const method of ['GET', 'DELETE']) {
      const path = urlOf('curious', `/${neighbour.secretId}`)
      const answer = await call(method, path, { token: own.token })
      expect([answer.status, answer.text]).toEqual([404, absent.text])
    }
    await expect(admin.login('neighbour', neighbour.text)).resolves.toBeTypeOf('string')
    await expect(admin.login('victim', victim.text)).resolves.toBeTypeOf('string')
  })

  it('are managed by `manage` within the customer, by `operate` everywhere', async () => {
    await admin.addClient('managed')
    await admin.addClient('operated', { customerId: 'c2' })
    const create = (clientId: string, token: string) =>
      admin.call('POST', urlOf(clientId), { token, body: {} })
    expect((await create('managed', admin.manager)).status).toBe(201)
    expect((await create('managed', admin.operator)).status).toBe(201)
    expect((await create('operated', admin.operator)).status).toBe(201)
  })

  it('of a more powerful client are out of reach of `manage`', async () => {
    const strong = await admin.addClient('strong', { scopes: ['operate'] })
    const { manager: token } = admin
    const answers = [
      await admin.call('POST', urlOf('strong'), { token, body: {} }),
      await admin.call('POST', urlOf('strong', '/roll'), { token, body: {} }),
      await admin.call('GET', urlOf('strong'), { token }),
      await admin.call('DELETE', urlOf('strong', `/${strong.secretId}`), { token }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
  })
})

describe('secrets that cannot be', () => {
  it.each([
    ['an unknown member', { descripton: 'typo' }, 'descripton'],
    ['a NUL', { description: 'a\0b' }, 'description'],
    ['half a character', { description: '\ud83d' }, 'description'],
    ['a long description', { description: 'x'.repeat(201) }, 'description'],
    ['an expiry that is no time', { expiresAt: 'tomorrow' }, 'expiresAt'],
    ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    ['a leap second', { expiresAt: '2090-12-31T23:59:60Z' }, 'expiresAt'],
  ])('are refused: %s', async (_name, body, parameter) => {
    const token = admin.operator
    const answer = await admin.call('POST', urlOf('operator'), { token, body })
    expect([answer.status, answer.body.parameter]).toEqual([400, parameter])
  })

  it.each([-1, 2_592_001, 1.5, 'soon'])('are not rolled with an overlap of %s', async (overlap) => {
    const { operator: token } = admin
    const body = { overlapSeconds: overlap }
    const answer = await admin.call('POST', urlOf('operator', '/roll'), { token, body })
    expect([answer.status, answer.body.parameter]).toEqual([400, 'overlapSeconds'])
  })

  it('are refused for ids that no object can have', async () => {
    const { operator: token } = admin
    expect((await admin.call('GET', urlOf('%00'), { token })).status).toBe(400)
    expect((await admin.call('GET', urlOf('operator', '/%00'), { token })).status).toBe(400)
    const query = urlOf('operator', '/x?revokeTokens=perhaps')
    expect((await admin.call('DELETE', query, { token })).body.parameter).toBe('revokeTokens')
  })

  it('are refused without a token', async () => {
    const answer = await admin.call('GET', urlOf('operator'))
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('resource_metadata=')
  })

  it('are refused when the client has as many as it may have, also when they come at once', async () => {
    await using few = await openAdmin({
      change: (settings) => ({
        ...settings,
        secrets: { ...settings.secrets, maximumPerClient: 3 },
      }),
    })
    const { token } = await few.addClient('many')
    const create = () => few.call('POST', urlOf('many'), { token, body: {} })
    const answers = await Promise.all(Array.from({ length: 5 }, create))
    expect(countOf(answers)).toEqual({ 201: 2, 409: 3 })
    const roll = (overlapSeconds: number) =>
      few.call('POST', urlOf('many', '/roll'), { token, body: { overlapSeconds } })
    expect((await roll(60)).status).toBe(409)
    expect((await roll(0)).status).toBe(201)
  })
})
