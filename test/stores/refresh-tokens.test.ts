import { expect, it } from 'vitest'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { commandLine, createDemoClient, movableClock } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { createPerson, grantOf } from '../support/grants.ts'

const DAY = 86_400_000

interface Answer {
  access_token: string
  refresh_token: string
  scope: string
  error?: string
}

async function open(
  location: DatabaseLocation,
  client: Parameters<typeof createDemoClient>[1] = {},
) {
  const clock = movableClock()
  const app = await openTestApp(location, { clock })
  const demo = await createDemoClient(app.access, {
    grants: ['authorization_code', 'refresh_token'],
    scopes: ['read', 'write'],
    ...client,
  })
  const person = await createPerson(app.access)
  const grant = await grantOf(app.access, person, { clientId: demo.clientId })
  const first = await app.access.refreshTokens.issue(grant, null)
  return {
    app,
    clock,
    demo,
    person,
    grant,
    first,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

async function refresh(
  { app, demo }: { app: TestApp; demo: { clientId: string; text: string } },
  token: string,
  more: Record<string, string> = {},
) {
  const response = await app.http.inject({
    method: 'POST',
    url: '/oauth2/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: token,
      client_id: demo.clientId,
      client_secret: demo.text,
      ...more,
    }).toString(),
  })
  return { status: response.statusCode, text: response.body, body: response.json<Answer>() }
}

async function rowsOf({ access }: TestApp) {
  return access.database.query
    .selectFrom('refresh_tokens')
    .selectAll()
    .orderBy('created_at')
    .execute()
}

describeDatabases('refresh tokens', (_kind, locate) => {
  it('rotate: a refresh gives a new pair', async () => {
    await using opened = await open(await locate())
    const { status, body } = await refresh(opened, opened.first)
    expect(status).toBe(200)
    expect(body.refresh_token).toMatch(/^mgr_[0-9A-Za-z]{43}$/)
    expect(body.refresh_token).not.toBe(opened.first)
    expect((await refresh(opened, body.refresh_token)).status).toBe(200)
  })

  it('fifty at once with one token get one new pair and identical answers', async () => {
    await using opened = await open(await locate())
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refresh(opened, opened.first)),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const rows = await rowsOf(opened.app)
    expect(rows).toHaveLength(2)
    // What the database has of it opens with the presented token alone.
    const stored = JSON.stringify(rows)
    expect(stored).not.toContain(opened.first)
    expect(stored).not.toContain(answers[0]!.body.refresh_token)
    expect(stored).not.toContain(answers[0]!.body.access_token)
  })

  it('a retry for something else is no retry', async () => {
    await using opened = await open(await locate())
    await refresh(opened, opened.first)
    expect((await refresh(opened, opened.first, { scope: 'read' })).body.error).toBe(
      'invalid_grant',
    )
    // Nor an attack, as long as it comes soon.
    expect((await refresh(opened, opened.first)).status).toBe(200)
  })

  it('once the successor was used, a retry within the grace is refused and harms nobody', async () => {
    await using opened = await open(await locate())
    const second = await refresh(opened, opened.first)
    const third = await refresh(opened, second.body.refresh_token)
    opened.clock.advance(9_000)
    expect((await refresh(opened, opened.first)).body.error).toBe('invalid_grant')
    expect((await refresh(opened, third.body.refresh_token)).status).toBe(200)
  })

  it('RFC 9700 §4.14.2: a reuse after the grace ends the family', async () => {
    await using opened = await open(await locate())
    const { app, clock, grant } = opened
    const second = await refresh(opened, opened.first)
    const third = await refresh(opened, second.body.refresh_token)
    expect(await app.access.verifyToken(third.body.access_token)).toMatchObject({ kind: 'valid' })
    clock.advance(10_000)
    expect((await refresh(opened, opened.first)).body.error).toBe('invalid_grant')
    expect((await refresh(opened, third.body.refresh_token)).body.error).toBe('invalid_grant')
    expect((await app.access.grants.find(grant.id))!.revoked).toBe(true)
    expect(await app.access.verifyToken(third.body.access_token)).toEqual({
      kind: 'invalid',
      reason: 'grant_ended',
    })
  })

  it('a reuse after the grace ends the family also when the successor was never used', async () => {
    await using opened = await open(await locate())
    const second = await refresh(opened, opened.first)
    opened.clock.advance(10_000)
    expect((await refresh(opened, opened.first)).body.error).toBe('invalid_grant')
    expect((await refresh(opened, second.body.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('FAPI 2.0 §5.3.2.1: keep gives the same refresh token again, however often', async () => {
    await using opened = await open(await locate(), { refreshMode: 'keep' })
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => refresh(opened, opened.first)),
    )
    expect(answers.every(({ body }) => body.refresh_token === opened.first)).toBe(true)
    opened.clock.advance(60_000)
    expect((await refresh(opened, opened.first)).status).toBe(200)
    expect(await rowsOf(opened.app)).toHaveLength(1)
  })

  it('RFC 9700 §2.2.2: rotates a public client’s, unless it is bound to a key', async () => {
    await using opened = await open(await locate())
    const { app, demo, person } = opened
    const created = await app.access.clients.create(commandLine, {
      customerId: demo.customerId,
      displayName: 'Public',
      type: 'public',
      scopes: ['read', 'write'],
      grants: ['refresh_token'],
      refreshMode: 'keep',
    })
    if (created.kind !== 'created') throw new Error(created.kind)
    const clientId = created.client.id
    const grant = await grantOf(app.access, person, { clientId })
    const first = await app.access.refreshTokens.issue(grant, null)
    const response = await app.http.inject({
      method: 'POST',
      url: '/oauth2/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `grant_type=refresh_token&refresh_token=${first}&client_id=${clientId}`,
    })
    expect(response.statusCode).toBe(200)
    expect(response.json<Answer>().refresh_token).not.toBe(first)
  })

  it('ends when idle, counted from its last use, and at the absolute end', async () => {
    for (const refreshMode of ['keep', 'rotate'] as const) {
      await using opened = await open(await locate(), { refreshMode })
      const { clock } = opened
      let token: string = opened.first
      for (let day = 0; day < 360; day += 29) {
        clock.advance(29 * DAY)
        const { status, body } = await refresh(opened, token)
        expect(status).toBe(day + 29 < 365 ? 200 : 400)
        if (status !== 200) break
        token = body.refresh_token
      }
      expect((await refresh(opened, token)).body.error).toBe('invalid_grant')
    }
    await using idle = await open(await locate())
    idle.clock.advance(30 * DAY)
    expect((await refresh(idle, idle.first)).body.error).toBe('invalid_grant')
  })

  it('RFC 6749 §6: narrows the access token, never more, and keeps the refresh token’s scopes', async () => {
    await using opened = await open(await locate())
    const narrow = await refresh(opened, opened.first, { scope: 'read' })
    expect(narrow.body.scope).toBe('read')
    expect((await refresh(opened, narrow.body.refresh_token, { scope: 'upload' })).body.error).toBe(
      'invalid_scope',
    )
    const whole = await refresh(opened, narrow.body.refresh_token)
    expect(whole.body.scope).toBe('read write')
  })

  it('gives no scope that was taken from the client since', async () => {
    await using opened = await open(await locate())
    await opened.app.access.clients.change(commandLine, opened.demo.clientId, { scopes: ['read'] })
    const { body } = await refresh(opened, opened.first)
    expect(body.scope).toBe('read')
  })

  it('is worth nothing to another client, nor for a suspended person or client', async () => {
    await using opened = await open(await locate())
    const { app, person, demo } = opened
    const stranger = await createDemoClient(app.access, {
      customerId: 'other',
      grants: ['refresh_token'],
    })
    const { access } = app
    expect((await refresh({ app, demo: stranger }, opened.first)).body.error).toBe('invalid_grant')
    const issued = access.issueToken({
      client: (await access.clients.find(demo.clientId))!,
      secretId: null,
      scopes: ['read'],
      audience: opened.grant.audience,
      narrowed: false,
      lifetimeSeconds: 3_600,
      grant: opened.grant,
    })
    expect(await access.verifyToken(issued.accessToken)).toMatchObject({
      kind: 'valid',
      caller: { kind: 'account', accountId: person.id, grantId: opened.grant.id, jkt: null },
    })
    await access.accounts.setSuspended(commandLine, person.id, true)
    expect((await refresh(opened, opened.first)).body.error).toBe('invalid_grant')
    expect(await access.verifyToken(issued.accessToken)).toEqual({
      kind: 'invalid',
      reason: 'account_ended',
    })
    await access.accounts.setSuspended(commandLine, person.id, false)
    await access.clients.setSuspended(commandLine, demo.clientId, true)
    expect((await refresh(opened, opened.first)).status).toBe(401)
    await access.clients.setSuspended(commandLine, demo.clientId, false)
    expect((await refresh(opened, opened.first)).status).toBe(200)
  })

  it('is no access token, nor is one a refresh token', async () => {
    await using opened = await open(await locate())
    const { body } = await refresh(opened, opened.first)
    expect((await refresh(opened, body.access_token)).body.error).toBe('invalid_grant')
    expect(await opened.app.access.verifyToken(body.refresh_token)).toMatchObject({
      kind: 'invalid',
    })
    expect((await refresh(opened, body.refresh_token.slice(0, -1))).body.error).toBe(
      'invalid_grant',
    )
  })

  it('forgets what has expired, and no more', async () => {
    await using opened = await open(await locate())
    await refresh(opened, opened.first)
    opened.clock.advance(29 * DAY)
    await opened.app.access.refreshTokens.prune()
    expect(await rowsOf(opened.app)).toHaveLength(2)
    opened.clock.advance(2 * DAY)
    await opened.app.access.refreshTokens.prune()
    expect(await rowsOf(opened.app)).toHaveLength(0)
  })
})
