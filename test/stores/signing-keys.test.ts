import { expect, it } from 'vitest'
import type { Access } from '../../server/open-access.ts'
import { commandLine, createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const DAY = 86_400_000

const phasesOf = (access: Access, algorithm: string) =>
  access.signingKeys
    .list()
    .filter((key) => key.algorithm === algorithm)
    .map((key) => key.phase)

describeDatabases('signing keys', (_kind, locate) => {
  it('has a key that signs from the first start, and one of RS256', async () => {
    await using access = await openTestAccess(await locate())
    expect(access.signingKeys.list().map(({ algorithm, phase }) => [algorithm, phase])).toEqual([
      ['ES256', 'signing'],
      ['RS256', 'signing'],
    ])
    expect(JSON.stringify(access.signingKeys.jwks())).not.toContain('"d"')
  })

  it('makes one key only when several nodes start at once', async () => {
    const location = await locate()
    const nodes = await Promise.all([1, 2, 3].map(() => openTestAccess(location)))
    try {
      const kids = nodes.map((node) => node.signingKeys.list().map((key) => key.kid))
      for (const node of nodes) await node.signingKeys.maintain()
      expect(new Set(nodes.map((node) => node.signingKeys.signer().kid)).size).toBe(1)
      expect(kids.every((list) => list.length <= 2)).toBe(true)
    } finally {
      for (const node of nodes) await node[Symbol.asyncDispose]()
    }
  })

  it('announces, signs, retains and drops by time', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { signingKeys } = access
    const first = signingKeys.signer().kid
    const phases = () =>
      signingKeys
        .list()
        .filter((key) => key.algorithm === 'ES256')
        .map((key) => key.phase)

    clock.advance(89 * DAY)
    await signingKeys.maintain()
    expect(phases()).toEqual(['signing', 'announced'])
    expect(signingKeys.jwks().keys.filter((key) => key.alg === 'ES256')).toHaveLength(2)
    expect(signingKeys.signer().kid).toBe(first)

    clock.advance(DAY)
    expect(phases()).toEqual(['retained', 'signing'])
    expect(signingKeys.signer().kid).not.toBe(first)
    expect(signingKeys.find(first)).not.toBeNull()

    clock.advance(DAY + 60_000)
    expect(phases()).toEqual(['signing'])
    expect(signingKeys.find(first)).toBeNull()
    await signingKeys.maintain()
    const rows = await access.database.query.selectFrom('signing_keys').select('kid').execute()
    expect(rows.map((row) => row.kid)).not.toContain(first)
  })

  it('rotates at once on every node, and with revoke ends all tokens', async () => {
    const location = await locate()
    await using first = await openTestAccess(location)
    await using second = await openTestAccess(location)
    await second.signingKeys.maintain()
    const { clientId, secretId } = await createDemoClient(first)
    const client = (await first.clients.find(clientId))!
    const grant = {
      client,
      secretId,
      scopes: ['read'],
      audience: ['http://localhost:8080/maps'],
      narrowed: false,
      lifetimeSeconds: 60,
    }
    const token = first.issueToken(grant).accessToken
    await first.signingKeys.rotate(commandLine, { revoke: false })
    expect((await first.verifyToken(token)).kind).toBe('valid')
    const later = first.issueToken(grant).accessToken
    await second.database.feed.read()
    await second.signingKeys.maintain()
    expect((await second.verifyToken(later)).kind).toBe('valid')
    await first.signingKeys.rotate(commandLine, { revoke: true })
    expect(await first.verifyToken(later)).toEqual({ kind: 'invalid', reason: 'unknown_key' })
  })

  it('is known to be revoked before another node trusts anything again', async () => {
    const location = await locate()
    const standing = movableClock()
    await using first = await openTestAccess(location)
    await using second = await openTestAccess(location, {
      clock: { now: standing.now, monotonic: () => standing.now() },
    })
    const { clientId, secretId } = await createDemoClient(first)
    const { accessToken } = second.issueToken({
      client: (await first.clients.find(clientId))!,
      secretId,
      scopes: ['read'],
      audience: ['http://localhost:8080/maps'],
      narrowed: false,
      lifetimeSeconds: 3_600,
    })
    expect((await second.verifyToken(accessToken)).kind).toBe('valid')
    // As if the second process stood still meanwhile.
    await second.database.feed.stop()
    await first.signingKeys.rotate(commandLine, { revoke: true })
    standing.advance(60_000)
    expect(await second.verifyToken(accessToken)).toEqual({
      kind: 'invalid',
      reason: 'unknown_key',
    })
  })

  it('goes on signing when the clock is set back', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    clock.advance(-60_000)
    await access.signingKeys.maintain()
    expect(access.signingKeys.signer().algorithm).toBe('ES256')
  })

  it('retires the keys of an algorithm that is configured no more', async () => {
    const location = await locate()
    const clock = movableClock()
    const signing = { rotateAfterDays: 90, announceSeconds: 0 }
    {
      await using before = await openTestAccess(location, {
        clock,
        settings: { signing: { ...signing, algorithm: 'EdDSA' } },
      })
      expect(before.signingKeys.signer().algorithm).toBe('EdDSA')
    }
    clock.advance(1_000)
    await using access = await openTestAccess(location, {
      clock,
      settings: { signing: { ...signing, algorithm: 'ES256' } },
    })
    expect(phasesOf(access, 'EdDSA')).toEqual(['retained'])
    // A client that still asks for it gets the installation's.
    expect(access.signingKeys.signer('PS256').algorithm).toBe('ES256')
    clock.advance(DAY + 60_000)
    await access.signingKeys.maintain()
    expect(phasesOf(access, 'EdDSA')).toEqual([])
  })

  it('signs with each algorithm what verification accepts', async () => {
    for (const algorithm of ['ES256', 'EdDSA', 'PS256', 'RS256'] as const) {
      await using access = await openTestAccess(await locate(), {
        settings: { signing: { algorithm, rotateAfterDays: 90, announceSeconds: 86_400 } },
      })
      const { clientId, secretId } = await createDemoClient(access)
      const client = (await access.clients.find(clientId))!
      const { accessToken } = access.issueToken({
        client,
        secretId,
        scopes: ['read'],
        audience: ['http://localhost:8080/maps'],
        narrowed: false,
        lifetimeSeconds: 60,
      })
      const header = JSON.parse(Buffer.from(accessToken.split('.')[0]!, 'base64url').toString())
      expect(header).toMatchObject({ alg: algorithm, typ: 'at+jwt' })
      expect((await access.verifyToken(accessToken)).kind).toBe('valid')
    }
  })
})
