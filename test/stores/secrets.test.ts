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

const once = { revokeTokens: false, deleteCreated: false } as const

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
      deleteCreated: () => true,
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

  it('deletes what was created with a secret only where the caller says so', async () => {
    await using access = await openTestAccess(await locate())
    const first = await createDemoClient(access)
    const second = await createDemoClient(access, { customerId: 'neighbour' })
    // The chain goes on behind a secret that is deleted already, and behind one of another client.
    const own = await create(access, asClient(first.clientId, first.secretId), first.clientId)
    const other = await create(access, asClient(first.clientId, own.secret.id), second.clientId)
    const last = await create(access, asClient(second.clientId, other.secret.id), first.clientId)
    await access.secrets.delete(commandLine, first.clientId, own.secret.id, once)
    const seen: unknown[] = []
    const outcome = await access.secrets.delete(commandLine, first.clientId, first.secretId, {
      revokeTokens: false,
      deleteCreated(client) {
        seen.push(client)
        return client.customerId === first.customerId
      },
    })
    if (outcome.kind !== 'deleted') throw new Error(outcome.kind)
    expect(outcome.secrets.map(({ id }) => id)).toEqual([first.secretId, last.secret.id])
    expect(seen).toContainEqual({ id: second.clientId, customerId: 'neighbour', scopes: ['read'] })
    expect(await access.secrets.list(second.clientId)).toHaveLength(2)
  })

  it('rolls with an end to all tokens, also of secrets that have ended before', async () => {
    const clock = movableClock()
    const location = await locate()
    await using access = await openTestAccess(location, { clock })
    await using second = await openTestAccess(location, { clock })
    const { clientId, secretId } = await createDemoClient(access)
    const deleted = await create(access, commandLine, clientId)
    const expired = await access.secrets.create(commandLine, clientId, {
      description: 'short',
      expiresAt: clock.now() + 1_000,
    })
    if (expired.kind !== 'created') throw new Error(expired.kind)
    await access.secrets.delete(commandLine, clientId, deleted.secret.id, once)
    clock.advance(1_000)
    const ids = [secretId, deleted.secret.id, expired.secret.id]
    await second.database.feed.read()
    const areRevoked = () =>
      Promise.all(ids.map(async (id) => (await second.secretVerification.find(id))!.tokensRevoked))
    expect(await areRevoked()).toEqual([false, false, false])
    const roll = { description: '', overlapSeconds: 0, revokeTokens: true }
    await access.secrets.roll(commandLine, clientId, roll)
    await second.database.feed.read()
    expect(await areRevoked()).toEqual([true, true, true])
  })

  it('gives a public client none', async () => {
    await using access = await openTestAccess(await locate())
    await access.customers.create(commandLine, { id: 'customer', name: 'Customer' })
    const made = await access.clients.create(commandLine, {
      id: 'app',
      customerId: 'customer',
      displayName: 'App',
      type: 'public',
    })
    expect(made).toMatchObject({ kind: 'created', client: { grants: [] } })
    const options = { description: '', expiresAt: null }
    expect(await access.secrets.create(commandLine, 'app', options)).toEqual({
      kind: 'public-client',
    })
    const roll = { description: '', overlapSeconds: 0, revokeTokens: false }
    expect(await access.secrets.roll(commandLine, 'app', roll)).toEqual({ kind: 'public-client' })
  })

  it('lists the newest 1,000 and forgets the ended ones after two days', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { clientId, secretId } = await createDemoClient(access)
    await access.database.write(async ({ query }) => {
      const row = await query.selectFrom('client_secrets').selectAll().executeTakeFirstOrThrow()
      const ended = Array.from({ length: 1_500 }, (_, index) => ({
        ...row,
        id: `ended-${String(index).padStart(4, '0')}`,
        created_at: row.created_at - 2_000 + index,
        ...(index % 2 ? { revoked_at: clock.now() } : { expires_at: clock.now() }),
      }))
      for (const part of [ended.slice(0, 750), ended.slice(750)]) {
        await query.insertInto('client_secrets').values(part).execute()
      }
    })
    const all = await access.secrets.list(clientId, true)
    expect(all).toHaveLength(1_000)
    expect([all[0]!.id, all.at(-1)!.id]).toEqual(['ended-0501', secretId])
    expect(await access.secrets.list(clientId)).toMatchObject([{ id: secretId }])

    clock.advance(2 * 86_400_000)
    await access.secrets.prune()
    expect(await access.secrets.list(clientId, true)).toHaveLength(1_000)
    clock.advance(1)
    await access.secrets.prune()
    expect(await access.secrets.list(clientId, true)).toMatchObject([{ id: secretId }])
  })

  it('refuses a secret under a pepper that is not configured any more', async () => {
    const location = await locate()
    const [older, newer] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString('base64url'))
    const { clientId, secretId, text } = await (async () => {
      await using access = await openTestAccess(location)
      return await createDemoClient(access)
    })()
    await (
      await openTestAccess(location, {
        settings: { masterKey: `2:${newer},1:${older}` },
      })
    )[Symbol.asyncDispose]()
    await using access = await openTestAccess(location, { settings: { masterKey: `2:${newer}` } })
    expect(await access.secretVerification.verify(clientId, text)).toEqual({
      kind: 'ended',
      secretId,
      reason: 'pepper_unknown',
    })
  })

  it('hashes no secret as another when more log in than are remembered', async () => {
    const location = await locate()
    const [older, newer] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString('base64url'))
    const old = await (async () => {
      await using access = await openTestAccess(location)
      return await createDemoClient(access)
    })()
    await using access = await openTestAccess(location, {
      settings: { masterKey: `2:${newer},1:${older}` },
    })
    const next = await createDemoClient(access)
    for (let index = 0; index < 100_000; index++) access.lastUse.note(`s${index}`, '', 2)
    access.lastUse.note(old.secretId, old.text, 1)
    access.lastUse.note(next.secretId, next.text, 2)
    await access.lastUse.flush()
    const { verify } = access.secretVerification
    expect((await verify(next.clientId, next.text)).kind).toBe('valid')
    expect((await verify(old.clientId, old.text)).kind).toBe('valid')
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
