import { expect, it } from 'vitest'
import type { Actor } from '../../server/access/audit/actor.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine, createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const asClient = (clientId: string, secretId: string): Actor => ({
  ...commandLine,
  kind: 'client',
  id: clientId,
  secretId,
})

const once = { revokeTokens: false, deleteCreated: false }

async function create(access: Access, actor: Actor, clientId: string, description = 'next') {
  const outcome = await access.secrets.create(actor, clientId, { description, expiresAt: null })
  if (outcome.kind !== 'created') throw new Error(outcome.kind)
  return outcome
}

describeDatabases('client secrets', (_kind, locate) => {
  it('shows the text once and keeps only a keyed hash', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, secretId, text } = await createDemoClient(access)
    expect(text).toMatch(/^mgs_[0-9a-f]{24}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
    const [listed] = await access.secrets.list(clientId)
    expect(listed).toMatchObject({ id: secretId, state: 'active', hint: `mgs_…${text.slice(-4)}` })
    const row = await access.database.query
      .selectFrom('client_secrets')
      .selectAll()
      .executeTakeFirst()
    expect(JSON.stringify(row)).not.toContain(text.slice(30, 60))
  })

  it('verifies the right secret of the right client only', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, secretId, text } = await createDemoClient(access)
    const other = await createDemoClient(access)
    const verify = access.secretVerification.verify
    expect(await verify(clientId, text)).toMatchObject({ kind: 'valid', secretId })
    expect(await verify(other.clientId, text)).toEqual({ kind: 'wrong', reason: 'secret_unknown' })
    expect(await verify(clientId, text.slice(0, -1))).toEqual({
      kind: 'wrong',
      reason: 'secret_malformed',
    })
    const forged = `${text.slice(0, 29)}${other.text.slice(29)}`
    expect((await verify(clientId, forged)).kind).toBe('wrong')
  })

  it('hashes under the newest pepper after a login', async () => {
    const location = await locate()
    const older = Buffer.alloc(32, 7).toString('base64url')
    const newer = Buffer.alloc(32, 8).toString('base64url')
    const { clientId, text } = await (async () => {
      await using access = await openTestAccess(location)
      return await createDemoClient(access)
    })()
    {
      await using access = await openTestAccess(location, {
        settings: { masterKey: `2:${newer},1:${older}` },
      })
      const outcome = await access.secretVerification.verify(clientId, text)
      expect(outcome).toMatchObject({ kind: 'valid', pepperVersion: 1 })
      if (outcome.kind === 'valid')
        access.lastUse.note(outcome.secretId, text, outcome.pepperVersion)
      await access.lastUse.flush()
      expect(await access.secretVerification.verify(clientId, text)).toMatchObject({
        kind: 'valid',
        pepperVersion: 2,
      })
    }
    const wrong = openTestAccess(location, { settings: { masterKey: `1:${newer}` } })
    await expect(wrong).rejects.toThrow('is not the one this data was made with')
  })

  it('allows no more than the maximum, also at once', async () => {
    await using access = await openTestAccess(await locate(), {
      settings: { secrets: { maximumPerClient: 5, defaultOverlapSeconds: 0 } },
    })
    const { clientId } = await createDemoClient(access)
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () =>
        access.secrets.create(commandLine, clientId, { description: '', expiresAt: null }),
      ),
    )
    expect(outcomes.filter((outcome) => outcome.kind === 'created')).toHaveLength(4)
    expect(outcomes.filter((outcome) => outcome.kind === 'too-many')).toHaveLength(6)
  })

  it('never lets a client delete its last usable secret, also at once from two nodes', async () => {
    const location = await locate()
    await using first = await openTestAccess(location)
    await using second = await openTestAccess(location)
    const { clientId, secretId } = await createDemoClient(first)
    const { secret } = await create(first, commandLine, clientId)
    const actor = asClient(clientId, secretId)
    const outcomes = await Promise.all([
      first.secrets.delete(actor, clientId, secretId, once),
      second.secrets.delete(actor, clientId, secret.id, once),
    ])
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['deleted', 'last-usable'])
    expect(await first.secrets.list(clientId)).toHaveLength(1)
  })

  it('lets an operator delete the last one', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, secretId, text } = await createDemoClient(access)
    const outcome = await access.secrets.delete(commandLine, clientId, secretId, once)
    expect(outcome.kind).toBe('deleted')
    expect(await access.secretVerification.verify(clientId, text)).toEqual({
      kind: 'ended',
      secretId,
      reason: 'secret_revoked',
    })
  })

  it('creates nothing for a token whose secret is deleted', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, secretId } = await createDemoClient(access)
    const actor = asClient(clientId, secretId)
    await create(access, actor, clientId)
    expect((await access.secrets.delete(actor, clientId, secretId, once)).kind).toBe('deleted')
    const options = { description: '', expiresAt: null }
    expect(await access.secrets.create(actor, clientId, options)).toEqual({ kind: 'creator-ended' })
    const roll = { description: '', overlapSeconds: 0, revokeTokens: false }
    expect(await access.secrets.roll(actor, clientId, roll)).toEqual({ kind: 'creator-ended' })
  })

  it('rolls: the old ones retire, then expire', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { clientId, secretId, text } = await createDemoClient(access)
    const rolled = await access.secrets.roll(commandLine, clientId, {
      description: 'rolled',
      overlapSeconds: 3_600,
      revokeTokens: false,
    })
    if (rolled.kind !== 'created') throw new Error(rolled.kind)
    expect(rolled.retired).toMatchObject([{ id: secretId, state: 'retiring' }])
    expect((await access.secretVerification.verify(clientId, text)).kind).toBe('valid')
    clock.advance(3_600_000)
    expect(await access.secretVerification.verify(clientId, text)).toMatchObject({
      kind: 'ended',
      reason: 'secret_expired',
    })
    expect((await access.secretVerification.verify(clientId, rolled.text)).kind).toBe('valid')
    expect(await access.secrets.list(clientId)).toHaveLength(1)
    expect(await access.secrets.list(clientId, true)).toHaveLength(2)
  })

  it('leaves a client more than retiring secrets', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, secretId } = await createDemoClient(access)
    const roll = { description: '', overlapSeconds: 3_600, revokeTokens: false }
    const rolled = await access.secrets.roll(commandLine, clientId, roll)
    if (rolled.kind !== 'created') throw new Error(rolled.kind)
    const actor = asClient(clientId, rolled.secret.id)
    const active = await access.secrets.delete(actor, clientId, rolled.secret.id, once)
    expect(active.kind).toBe('last-usable')
    expect((await access.secrets.delete(actor, clientId, secretId, once)).kind).toBe('deleted')
  })

  it('ends tokens, and what was created with the secret, when asked to', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, secretId } = await createDemoClient(access)
    const child = await create(access, asClient(clientId, secretId), clientId)
    const grandchild = await create(access, asClient(clientId, child.secret.id), clientId)
    const client = (await access.clients.find(clientId))!
    const issue = (secret: string) =>
      access.issueToken({
        client,
        secretId: secret,
        scopes: ['read'],
        audience: ['http://localhost:8080/maps'],
        narrowed: false,
        lifetimeSeconds: 60,
      }).accessToken
    const tokens = [secretId, child.secret.id, grandchild.secret.id].map(issue)
    for (const token of tokens) expect((await access.verifyToken(token)).kind).toBe('valid')

    // Deleting alone leaves the tokens: the one who rotates must be able to finish.
    await access.secrets.delete(commandLine, clientId, secretId, once)
    expect((await access.verifyToken(tokens[0]!)).kind).toBe('valid')

    const outcome = await access.secrets.delete(commandLine, clientId, secretId, {
      revokeTokens: true,
      deleteCreated: true,
    })
    expect(outcome).toMatchObject({ kind: 'deleted' })
    for (const token of tokens) {
      expect(await access.verifyToken(token)).toEqual({
        kind: 'invalid',
        reason: 'secret_tokens_revoked',
      })
    }
    expect(await access.secrets.list(clientId)).toEqual([])
  })

  it('warns who deletes another’s secret that was used in the last week', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { clientId, secretId, text } = await createDemoClient(access)
    const { secret } = await create(access, commandLine, clientId)
    access.lastUse.note(secretId, text, 1)
    const unused = await access.secrets.delete(commandLine, clientId, secret.id, once)
    expect(unused).toMatchObject({ kind: 'deleted', warnings: [] })
    clock.advance(6 * 86_400_000)
    const used = await access.secrets.delete(commandLine, clientId, secretId, once)
    expect(used).toMatchObject({ kind: 'deleted', warnings: [expect.stringContaining(secretId)] })
    const [event] = await access.audit.list({ limit: 1 })
    expect(event).toMatchObject({ action: 'secret.delete', object: { id: secretId } })
    expect(event!.details.warnings).toHaveLength(1)
  })

  it('is known to every node as soon as it hears of it', async () => {
    const location = await locate()
    await using first = await openTestAccess(location)
    await using second = await openTestAccess(location)
    const { clientId, secretId, text } = await createDemoClient(first)
    await second.database.feed.read()
    expect((await second.secretVerification.verify(clientId, text)).kind).toBe('valid')
    await first.secrets.delete(commandLine, clientId, secretId, once)
    await second.database.feed.read()
    expect((await second.secretVerification.verify(clientId, text)).kind).toBe('ended')
  })
})
