import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Admin, openAdmin } from '../../test/support/admin.ts'

let admin: Admin
beforeAll(async () => {
  admin = await openAdmin()
})
afterAll(() => admin[Symbol.asyncDispose]())

describe('/admin/limits', () => {
  it('sets, lists and removes limits, which hold at once', async () => {
    const { call, operator: token } = admin
    const client = await admin.addClient('limited')
    const body = {
      clientId: 'limited',
      endpoint: 'admin.clients.show',
      quota: 1,
      windowSeconds: 60,
    }
    const set = await call('PUT', '/admin/limits', { token, body })
    expect([set.status, set.body]).toEqual([200, body])
    expect((await call('GET', '/admin/limits', { token })).body.items).toContainEqual(body)
    const show = () => call('GET', '/admin/clients/limited', { token: client.token })
    expect([(await show()).status, (await show()).status]).toEqual([200, 429])
    const query = '?clientId=limited&endpoint=admin.clients.show'
    expect((await call('DELETE', `/admin/limits${query}`, { token })).status).toBe(204)
    expect((await show()).status).toBe(200)
    expect((await call('DELETE', `/admin/limits${query}`, { token })).status).toBe(404)
    const { body: log } = await call('GET', '/admin/audit?objectId=limited+admin.clients.show', {
      token,
    })
    expect(log.items).toMatchObject([{ action: 'limit.remove' }, { action: 'limit.set' }])
  })

  it('refuses what cannot be, and others than operators', async () => {
    const { call } = admin
    const set = async (body: object, token = admin.operator) => {
      const answer = await call('PUT', '/admin/limits', { token, body })
      return [answer.status, answer.body.parameter]
    }
    const quota = { quota: 5, windowSeconds: 60 }
    expect(await set({ clientId: 'nobody', ...quota })).toEqual([400, 'clientId'])
    expect(await set({ ...quota, quota: 0 })).toEqual([400, 'quota'])
    expect(await set({ ...quota, quota: true })).toEqual([400, 'quota'])
    expect(await set({ quota: 5 })).toEqual([400, 'windowSeconds'])
    expect(await set(quota, admin.manager)).toEqual([403, undefined])
    expect((await call('GET', '/admin/limits', { token: admin.manager })).status).toBe(403)
    expect((await call('DELETE', '/admin/limits', { token: admin.manager })).status).toBe(403)
  })
})

describe('/admin/audit', () => {
  it('tells who did what from where, page by page', async () => {
    const { call, operator: token } = admin
    await call('POST', '/admin/customers', { token, body: { id: 'audited', name: 'A' } })
    await call('POST', '/admin/customers/audited/suspend', { token })
    const path = '/admin/audit?customerId=audited&limit=1'
    const first = await call('GET', path, { token })
    expect(first.body.items).toMatchObject([
      {
        action: 'customer.suspend',
        object: { kind: 'customer', id: 'audited' },
        actor: { kind: 'client', id: 'operator', address: '127.0.0.1' },
      },
    ])
    const { pathname, search } = new URL(first.body.next)
    const second = await call('GET', pathname + search, { token })
    expect(second.body).toMatchObject({ items: [{ action: 'customer.create' }], next: null })
  })

  it('is for operators, and names what it does not take', async () => {
    const { call } = admin
    expect((await call('GET', '/admin/audit', { token: admin.manager })).status).toBe(403)
    for (const query of [
      'before=0',
      'before=1e300',
      'limit=0',
      'limit=1001',
      'actorId=%00',
      'since=1',
    ]) {
      const answer = await call('GET', `/admin/audit?${query}`, { token: admin.operator })
      expect([answer.status, answer.body.parameter]).toEqual([400, query.split('=')[0]])
    }
  })
})

describe('/admin/usage', () => {
  it('is read by a client for itself, by `manage` for its customer’s, by `operate` for all', async () => {
    const { call } = admin
    const own = await admin.addClient('used')
    await admin.addClient('foreign', { customerId: 'c2' })
    await call('GET', '/admin/clients/used', { token: own.token })
    await admin.app.access.usage.flush()
    const read = async (token: string, query: string) => {
      const path = `/admin/usage?groupBy=clientId&groupBy=endpoint${query}`
      const { status, body } = await call('GET', path, { token })
      return status === 200
        ? new Set(body.items.map(({ clientId }: { clientId: string }) => clientId))
        : status
    }
    expect(await read(own.token, '')).toEqual(new Set(['used']))
    expect(await read(own.token, '&clientId=manager')).toBe(404)
    expect(await read(admin.manager, '&clientId=used')).toEqual(new Set(['used']))
    expect(await read(admin.manager, '&clientId=foreign')).toBe(404)
    expect(await read(admin.operator, '')).toEqual(expect.objectContaining({}))
    expect([...((await read(admin.operator, '')) as Set<string>)]).toContain('used')
    const [row] = (await call('GET', '/admin/usage?clientId=used', { token: admin.operator })).body
      .items
    expect(row).toMatchObject({ clientId: 'used', requests: 1, status: 200 })
    expect(row.period).toMatch(/:00:00\.000Z$/)
  })

  it.each([
    ['from=yesterday', 'from'],
    ['from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z', 'from'],
    ['resolution=week', 'resolution'],
    ['groupBy=colour', 'groupBy.0'],
    ['limit=0', 'limit'],
  ])('names what it does not take: %s', async (query, parameter) => {
    const answer = await admin.call('GET', `/admin/usage?${query}`, { token: admin.operator })
    expect([answer.status, answer.body.parameter]).toEqual([400, parameter])
  })
})

describe('the API reference', () => {
  it('stays valid, and says what each management endpoint answers', async () => {
    const { body } = await admin.call('GET', '/openapi.json')
    expect(await new Validator().validate(structuredClone(body))).toEqual({ valid: true })
    for (const [path, operations] of Object.entries<Record<string, Operation>>(body.paths)) {
      if (!path.startsWith('/admin')) continue
      for (const operation of Object.values(operations)) {
        expect(operation).toMatchObject({
          operationId: expect.stringMatching(/^admin\./),
          summary: expect.any(String),
          tags: ['Management'],
        })
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403']))
      }
    }
  })
})

interface Operation {
  responses: object
}
