import { expect, it } from 'vitest'
import { commandLine, createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const DAY = 86_400_000

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
