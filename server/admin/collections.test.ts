import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Admin, openAdmin } from '../../test/support/admin.ts'

let admin: Admin
/** Of another customer than `admin.manager`. */
let stranger: string
beforeAll(async () => {
  admin = await openAdmin()
  const scopes = ['read', 'manage']
  stranger = (await admin.addClient('stranger', { customerId: 'c2', scopes })).token
})
afterAll(() => admin[Symbol.asyncDispose]())

const url = '/admin/collections'

describe('collections', () => {
  it('are created, shown, changed, listed and deleted by their owner', async () => {
    const { call, manager: token } = admin
    const body = {
      id: 'trees',
      title: 'Street trees',
      description: 'One by one.',
      attribution: 'City of Lund',
      licence: { name: 'CC0', url: 'https://creativecommons.org/publicdomain/zero/1.0/' },
    }
    const created = await call('POST', url, { token, body })
    expect(created.status).toBe(201)
    expect(created.headers['location']).toMatch(/\/admin\/collections\/trees$/)
    expect(created.body).toMatchObject({
      ...body,
      customerId: 'c1',
      visibility: 'private',
      madeOf: null,
      createdAt: expect.stringMatching(/^\d{4}-/),
    })
    expect((await call('GET', `${url}/trees`, { token })).body).toEqual(created.body)
    const changed = await call('PATCH', `${url}/trees`, {
      token,
      body: { visibility: 'open', licence: null },
    })
    expect([changed.status, changed.body.visibility, changed.body.licence]).toEqual([
      200,
      'open',
      null,
    ])
    const listed = await call('GET', url, { token })
    expect(listed.body).toEqual({ items: [changed.body], next: null })
    expect((await call('DELETE', `${url}/trees`, { token })).status).toBe(204)
    expect((await call('GET', `${url}/trees`, { token })).status).toBe(404)
    expect((await call('DELETE', `${url}/trees`, { token })).status).toBe(404)
  })

  it('are listed in pages', async () => {
    const { call, operator: token } = admin
    for (const id of ['p1', 'p2', 'p3']) {
      await call('POST', url, { token, body: { id, title: id, customerId: null } })
    }
    const first = await call('GET', `${url}?limit=2&after=p`, { token })
    expect(first.body.items.map(({ id }: { id: string }) => id)).toEqual(['p1', 'p2'])
    const second = await call(
      'GET',
      new URL(first.body.next).pathname + new URL(first.body.next).search,
      { token },
    )
    expect(second.body.items.map(({ id }: { id: string }) => id)).toEqual(['p3'])
    expect(second.body.next).toBeNull()
  })

  it('are nobody else’s to see or change, but an operator’s', async () => {
    const { call, manager, operator } = admin
    const made = await call('POST', url, { token: manager, body: { id: 'mine', title: 'Mine' } })
    expect(made.status).toBe(201)
    for (const [method, body] of [['GET'], ['PATCH', { title: 'Theirs' }], ['DELETE']] as const) {
      const answer = await call(method, `${url}/mine`, { token: stranger, body })
      expect([method, answer.status]).toEqual([method, 404])
    }
    expect((await call('GET', url, { token: stranger })).body.items).toEqual([])
    expect((await call('GET', `${url}?customerId=c1`, { token: stranger })).status).toBe(403)
    const foreign = { id: 'foreign', title: 'Foreign' }
    for (const customerId of ['c1', null]) {
      const body = { ...foreign, customerId }
      expect((await call('POST', url, { token: stranger, body })).status).toBe(403)
    }
    expect(
      (await call('POST', url, { token: stranger, body: { ...foreign, id: 'mine' } })).status,
    ).toBe(409)
    const byOperator = await call('PATCH', `${url}/mine`, {
      token: operator,
      body: { title: 'Still mine' },
    })
    expect(byOperator.body).toMatchObject({ title: 'Still mine', customerId: 'c1' })
    const reader = await admin.addClient('reads')
    expect((await call('GET', `${url}/mine`, { token: reader.token })).status).toBe(403)
  })

  it.each<[string, object, string]>([
    ['an id that is no part of a path', { id: 'a/b' }, 'id'],
    ['an id that is too long', { id: 'x'.repeat(64) }, 'id'],
    ['a visibility that there is not', { visibility: 'secret' }, 'visibility'],
    ['no title', { title: '' }, 'title'],
    ['a licence without a URL', { licence: { name: 'CC0' } }, 'licence'],
    ['a licence whose URL is a script', { licence: { name: 'x', url: 'javascript:1' } }, 'licence'],
    ['parts that there are not', { madeOf: 'nothing' }, 'madeOf'],
    ['parts that are itself', { madeOf: 'bad' }, 'madeOf'],
    ['a customer that there is not', { customerId: 'nobody' }, 'customerId'],
  ])('are not made with %s', async (_name, changes, parameter) => {
    const { call, operator: token } = admin
    const body = { id: 'bad', title: 'Bad', ...changes }
    const answer = await call('POST', url, { token, body })
    expect(answer.status).toBe(400)
    expect(answer.body.parameter).toContain(parameter)
    expect((await call('GET', `${url}/bad`, { token })).status).toBe(404)
  })
})
