import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Admin, openAdmin } from '../../test/support/admin.ts'

let admin: Admin
/** May manage for the customer that subscribes. */
let subscriber: string
/** Of the same customer, but may not manage. */
let reader: string
/** For one that has nothing to do with it. */
let stranger: string
beforeAll(async () => {
  admin = await openAdmin()
  const scopes = ['read', 'manage']
  subscriber = (await admin.addClient('subscriber', { customerId: 'c2', scopes })).token
  reader = (await admin.addClient('reader', { customerId: 'c2', scopes: ['read'] })).token
  await admin.call('POST', '/admin/customers', {
    token: admin.operator,
    body: { id: 'c3', name: 'c3' },
  })
  stranger = (await admin.addClient('stranger', { customerId: 'c3', scopes })).token
  for (const id of ['trees', 'roads', 'rivers']) {
    await admin.call('POST', '/admin/collections', {
      token: admin.manager,
      body: { id, title: id },
    })
  }
})
afterAll(() => admin[Symbol.asyncDispose]())

const url = '/admin/subscriptions'

const area = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ],
  ],
}

describe('subscriptions', () => {
  it('are granted, changed and ended by the collection’s owner, and seen by who has them', async () => {
    const { call, manager: token } = admin
    const from = '2027-01-01T00:00:00.000Z'
    const created = await call('POST', url, {
      token,
      body: { customerId: 'c2', collectionId: 'trees', area, from },
    })
    expect(created.status).toBe(201)
    const { id } = created.body
    expect(created.headers['location']).toMatch(new RegExp(`/admin/subscriptions/${id}$`))
    expect(created.body).toMatchObject({
      customerId: 'c2',
      collectionId: 'trees',
      action: 'read',
      area,
      from,
      to: null,
    })
    const again = await call('POST', url, {
      token,
      body: { customerId: 'c2', collectionId: 'trees' },
    })
    expect(again.status).toBe(409)

    const seen = await call('GET', `${url}/${id}`, { token: subscriber })
    expect(seen.body).toEqual(created.body)
    const { area: _, ...listed } = seen.body
    for (const who of [token, subscriber, admin.operator]) {
      const list = await call('GET', `${url}?collectionId=trees`, { token: who })
      expect(list.body).toEqual({ items: [listed], next: null })
    }
    expect((await call('GET', url, { token: stranger })).body.items).toEqual([])
    for (const [who, status] of [
      [subscriber, 403],
      [stranger, 404],
    ] as const) {
      const changed = await call('PATCH', `${url}/${id}`, { token: who, body: { area: null } })
      expect(changed.status).toBe(status)
    }
    expect((await call('DELETE', `${url}/${id}`, { token: stranger })).status).toBe(404)
    const to = '2027-02-01T00:00:00.000Z'
    const changed = await call('PATCH', `${url}/${id}`, { token, body: { area: null, to } })
    expect(changed.body).toEqual({ ...seen.body, area: null, areaId: null, to })
    expect((await call('DELETE', `${url}/${id}`, { token })).status).toBe(204)
    expect((await call('DELETE', `${url}/${id}`, { token })).status).toBe(404)
    expect((await call('GET', `${url}/${id}`, { token: subscriber })).status).toBe(404)
  })

  it('are ended by the customer that has them, who changes nothing else of them', async () => {
    const { call, manager } = admin
    const body = { customerId: 'c2', collectionId: 'roads' }
    const { id } = (await call('POST', url, { token: manager, body })).body
    const token = subscriber
    for (const changes of [{ area }, { to: '2099-01-01T00:00:00Z' }]) {
      const refused = await call('PATCH', `${url}/${id}`, { token, body: changes })
      expect(refused.status).toBe(403)
    }
    expect((await call('DELETE', `${url}/${id}`, { token: reader })).status).toBe(403)
    expect((await call('DELETE', `${url}/${id}`, { token })).status).toBe(204)
    expect((await call('DELETE', `${url}/${id}`, { token })).status).toBe(404)
    expect((await call('GET', `${url}/${id}`, { token: manager })).status).toBe(404)
    const events = await call('GET', `/admin/audit?objectId=${id}`, { token: admin.operator })
    expect(events.body.items.map((event: { action: string }) => event.action)).toEqual([
      'subscription.end',
      'subscription.create',
    ])
  })

  it('are granted by no other customer, but by an operator', async () => {
    const { call } = admin
    const body = { customerId: 'c3', collectionId: 'roads' }
    const refused = await call('POST', url, { token: stranger, body })
    expect([refused.status, refused.body.parameter]).toEqual([400, 'collectionId'])
    const unknown = await call('POST', url, {
      token: stranger,
      body: { ...body, collectionId: 'none' },
    })
    // Not to be told apart from one that there is not.
    expect(refused.body).toEqual(unknown.body)
    expect((await call('POST', url, { token: admin.operator, body })).status).toBe(201)
  })

  it('take an area of as many positions as an area may have', async () => {
    const ring = Array.from({ length: 9_999 }, (_, index) => {
      const angle = (index / 9_999) * 2 * Math.PI
      return [Math.cos(angle), Math.sin(angle)]
    })
    const large = { type: 'Polygon', coordinates: [[...ring, ring[0]]] }
    const { call, manager: token } = admin
    const body = { customerId: 'c3', collectionId: 'trees', area: large }
    const created = await call('POST', url, { token, body })
    expect(created.status).toBe(201)
    expect(created.body.area).toEqual(large)
  })

  it.each<[string, object, string]>([
    [
      'an area that crosses itself',
      {
        area: {
          ...area,
          coordinates: [
            [
              [0, 0],
              [1, 1],
              [1, 0],
              [0, 1],
              [0, 0],
            ],
          ],
        },
      },
      'area',
    ],
    [
      'an area beyond the world',
      {
        area: {
          ...area,
          coordinates: [
            [
              [0, 0],
              [181, 0],
              [181, 1],
              [0, 0],
            ],
          ],
        },
      },
      'area',
    ],
    ['an area that is a point', { area: { type: 'Point', coordinates: [0, 0] } }, 'area'],
    [
      'an end before its beginning',
      { from: '2027-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      'to',
    ],
    ['a time that is none', { from: 'tomorrow' }, 'from'],
    ['an action that there is not', { action: 'own' }, 'action'],
    ['the owner as its customer', { customerId: 'c1' }, 'customerId'],
    ['a customer that there is not', { customerId: 'nobody' }, 'customerId'],
    ['a member that there is not', { until: null }, 'until'],
  ])('are not granted with %s', async (_name, changes, parameter) => {
    const { call, manager: token } = admin
    const body = { customerId: 'c2', collectionId: 'rivers', ...changes }
    const answer = await call('POST', url, { token, body })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain(parameter)
    const list = await call('GET', `${url}?collectionId=rivers`, { token })
    expect(list.body.items).toEqual([])
  })
})
