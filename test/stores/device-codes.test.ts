import { expect, it } from 'vitest'
import { DEVICE_CODE_GRANT } from '../../server/access/clients/client.ts'
import type { AuthorizationRequest } from '../../server/access/interactions/interaction.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine, createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { openTestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { createPerson } from '../support/grants.ts'

const ISSUER = 'https://gate.example'

function requestOf(clientId: string): AuthorizationRequest {
  return {
    profile: 'device',
    issuer: ISSUER,
    clientId,
    redirectUri: null,
    redirectUriGiven: false,
    responseMode: 'query',
    state: null,
    scopes: ['read'],
    audience: [`${ISSUER}/maps`],
    details: [],
    codeChallenge: null,
    nonce: null,
    dpopJkt: null,
    prompts: ['consent'],
    maxAge: null,
    loginHint: null,
    hintedAccountId: null,
    providerId: null,
    acrValues: [],
    uiLocales: [],
    display: null,
    claims: null,
    pushedRequest: null,
    deviceCode: null,
  }
}

async function sessionOf(access: Access) {
  const account = await createPerson(access)
  const { session } = await access.sessions.begin({
    accountId: account.id,
    methods: ['pwd'],
    address: null,
    userAgent: '',
  })
  return session
}

const approve = async (access: Access, userCode: string) => {
  const request = (await access.deviceCodes.findByUserCode(userCode))!
  const session = await sessionOf(access)
  return access.database.write((write) =>
    access.deviceCodes.approveIn(write, commandLine, request, session),
  )
}

describeDatabases('device codes', (_kind, locate) => {
  it('a stranger does not use up the calls of a public client, whose id all know', async () => {
    await using app = await openTestApp(await locate())
    await createDemoClient(app.access)
    const created = await app.access.clients.create(commandLine, {
      customerId: 'customer',
      displayName: 'Television',
      type: 'public',
      grants: [DEVICE_CODE_GRANT],
      scopes: ['read'],
    })
    if (created.kind !== 'created') throw new Error(created.kind)
    const begin = async (remoteAddress: string) => {
      const { statusCode } = await app.http.inject({
        method: 'POST',
        url: '/oauth2/device',
        remoteAddress,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: `client_id=${created.client.id}`,
      })
      return statusCode
    }
    const stranger: number[] = []
    for (let count = 0; count < 61; count++) stranger.push(await begin('192.0.2.1'))
    expect(stranger.filter((status) => status === 200)).toHaveLength(60)
    expect(stranger.at(-1)).toBe(429)
    expect(await begin('192.0.2.2')).toBe(200)
  })

  it('of fifty polls at once after the approval, one gets the grant', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId } = await createDemoClient(access)
    const { deviceCode, userCode } = await access.deviceCodes.begin({
      request: requestOf(clientId),
      dpopJkt: null,
    })
    const by = { clientId, issuer: ISSUER, jkt: null }
    expect(await access.deviceCodes.poll(deviceCode, by)).toEqual({ kind: 'pending' })
    expect(await approve(access, userCode)).toBe('approved')
    expect(await access.deviceCodes.findByUserCode(userCode)).toBeNull()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => access.deviceCodes.poll(deviceCode, by)),
    )
    const [redeemed, ...others] = outcomes.filter(({ kind }) => kind === 'redeemed')
    expect(redeemed).toMatchObject({ grant: { clientId, scopes: ['read'] } })
    expect(others).toEqual([])
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(49)
  })

  it('is as good as before when the request does not fit what was granted', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId } = await createDemoClient(access)
    const { deviceCode, userCode } = await access.deviceCodes.begin({
      request: requestOf(clientId),
      dpopJkt: null,
    })
    await approve(access, userCode)
    const by = { clientId, issuer: ISSUER, jkt: null }
    const requireFit = () => {
      throw new Error('unfit')
    }
    await expect(access.deviceCodes.poll(deviceCode, { ...by, requireFit })).rejects.toThrow(
      'unfit',
    )
    expect((await access.deviceCodes.poll(deviceCode, by)).kind).toBe('redeemed')
  })

  it('is answered once', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId } = await createDemoClient(access)
    const { userCode, deviceCode } = await access.deviceCodes.begin({
      request: requestOf(clientId),
      dpopJkt: null,
    })
    const request = (await access.deviceCodes.findByUserCode(userCode))!
    const session = await sessionOf(access)
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        access.database.write((write): Promise<string> =>
          index % 2 === 0
            ? access.deviceCodes.denyIn(write, request)
            : access.deviceCodes.approveIn(write, commandLine, request, session),
        ),
      ),
    )
    expect(outcomes.filter((outcome) => outcome !== 'unknown')).toHaveLength(1)
    const by = { clientId, issuer: ISSUER, jkt: null }
    const { kind } = await access.deviceCodes.poll(deviceCode, by)
    expect(kind).toBe(outcomes.includes('approved') ? 'redeemed' : 'denied')
  })

  it('RFC 8628 §3.5: waits, slows down, and expires', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { clientId } = await createDemoClient(access)
    const begun = await access.deviceCodes.begin({ request: requestOf(clientId), dpopJkt: null })
    const by = { clientId, issuer: ISSUER, jkt: null }
    const poll = async () => (await access.deviceCodes.poll(begun.deviceCode, by)).kind
    expect(await poll()).toBe('pending')
    clock.advance(5_000)
    expect(await poll()).toBe('pending')
    clock.advance(4_000)
    expect(await poll()).toBe('slow-down')
    clock.advance(9_000)
    expect(await poll()).toBe('slow-down')
    clock.advance(15_000)
    expect(await poll()).toBe('pending')
    clock.advance(600_000)
    expect(await poll()).toBe('expired')
    expect(await access.deviceCodes.findByUserCode(begun.userCode)).toBeNull()
    clock.advance(3_600_000)
    await access.deviceCodes.prune()
    expect(await poll()).toBe('refused')
  })

  it('belongs to its client, its issuer and its key', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId } = await createDemoClient(access)
    const { deviceCode, userCode } = await access.deviceCodes.begin({
      request: requestOf(clientId),
      dpopJkt: 'key',
    })
    await approve(access, userCode)
    for (const by of [
      { clientId: 'other', issuer: ISSUER, jkt: 'key' },
      { clientId, issuer: 'https://other.example', jkt: 'key' },
      { clientId, issuer: ISSUER, jkt: 'other' },
      { clientId, issuer: ISSUER, jkt: null },
    ]) {
      expect((await access.deviceCodes.poll(deviceCode, by)).kind).toBe('refused')
    }
    const by = { clientId, issuer: ISSUER, jkt: 'key' }
    expect((await access.deviceCodes.poll(deviceCode, by)).kind).toBe('redeemed')
  })
})

describeDatabases('identifiers that count once', (_kind, locate) => {
  it('of fifty at once on two nodes, one takes it', async () => {
    const location = await locate()
    await using first = await openTestAccess(location)
    await using second = await openTestAccess(location)
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? first : second).usedJtis.use('owner', 'jti', Date.now() + 60_000),
      ),
    )
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await first.usedJtis.use('other', 'jti', Date.now() + 60_000)).toBe(true)
  })

  it('forgets those that are refused anyway', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const expiresAt = clock.now() + 60_000
    await access.usedJtis.use('owner', 'jti', expiresAt)
    await access.usedJtis.prune()
    expect(await access.usedJtis.use('owner', 'jti', expiresAt)).toBe(false)
    clock.advance(60_001)
    await access.usedJtis.prune()
    expect(await access.usedJtis.use('owner', 'jti', expiresAt)).toBe(true)
  })
})
