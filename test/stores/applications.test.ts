import { expect, it } from 'vitest'
import { type Access } from '../../server/open-access.ts'
import { accountActor } from '../../server/access/audit/actor.ts'
import type { Settings } from '../../server/config/load.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { commandLine, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const ann = accountActor('1', { ip: '192.0.2.1', id: 'request' })

const application = {
  customerId: 'c1',
  displayName: 'Snow ploughs',
  description: 'Shows cleared roads.',
  website: 'https://ploughs.example',
  type: 'confidential' as const,
  redirectUris: ['https://ploughs.example/callback'],
  scopes: ['read'],
  logo: null,
  accountId: '1',
  contact: 'ann@example.com',
}

const policy = { open: true, scopes: ['read'], maximumPerCustomer: 3 }

async function open(location: DatabaseLocation, changes: Partial<Settings['selfService']> = {}) {
  const settings = { selfService: { ...policy, ...changes } }
  const access = await openTestAccess(location, { settings })
  await access.customers.create(commandLine, { id: 'c1', name: 'One' })
  return access
}

async function registered(access: Access, changes: Partial<typeof application> = {}) {
  const outcome = await access.applications.register(ann, { ...application, ...changes })
  if (outcome.kind !== 'registered') throw new Error(outcome.kind)
  return outcome
}

const waiting = (access: Access) =>
  access.clientRequests.list({ status: 'requested', after: null, limit: 10 })

const change = (access: Access, id: string, ...scopes: string[]) =>
  access.applications.change(ann, id, { scopes }, 'ann@example.com')

describeDatabases('applications', (_kind, locate) => {
  it('are registered with a secret that works', async () => {
    await using access = await open(await locate())
    const { client, secret, asked } = await registered(access)
    expect(client).toMatchObject({
      customerId: 'c1',
      scopes: ['read'],
      grants: ['authorization_code', 'refresh_token', 'client_credentials'],
      redirectUris: application.redirectUris,
      website: application.website,
      requirePkce: true,
      registration: 'self-service',
      registeredBy: '1',
      logoAt: null,
    })
    expect(asked).toEqual({ kind: 'nothing' })
    const verified = await access.secretVerification.verify(client.id, secret!.text)
    expect(verified.kind).toBe('valid')
    const events = await access.audit.list({ limit: 3 })
    expect(events.map(({ action, actor }) => [action, actor.id])).toEqual([
      ['secret.create', '1'],
      ['client.create', '1'],
      ['customer.create', 'tester'],
    ])
  })

  it('that are public get no secret and cannot act for themselves', async () => {
    await using access = await open(await locate())
    const outcome = await access.applications.register(ann, { ...application, type: 'public' })
    expect(outcome).toMatchObject({
      secret: null,
      client: { authMethod: 'none', grants: ['authorization_code', 'refresh_token'] },
    })
  })

  it('get at once what the policy says; the rest waits', async () => {
    await using access = await open(await locate())
    const { client } = await registered(access, { scopes: ['read', 'write', 'upload'] })
    expect(client.scopes).toEqual(['read'])
    const [request] = await waiting(access)
    expect(request).toMatchObject({
      purpose: 'permissions',
      clientId: client.id,
      customerId: 'c1',
      displayName: 'Snow ploughs',
      permissions: ['write', 'upload'],
      contact: 'ann@example.com',
      status: 'requested',
    })
    expect(await access.clientRequests.approve(commandLine, request!.id)).toMatchObject({
      kind: 'granted',
      client: { id: client.id, scopes: ['read', 'write', 'upload'] },
      request: { status: 'approved', purpose: 'permissions' },
    })
    expect((await access.clients.find(client.id))!.scopes).toEqual(['read', 'write', 'upload'])
    expect(await access.clientRequests.redeliver(commandLine, request!.id)).toEqual({
      kind: 'nothing-to-deliver',
    })
    expect(await access.clientRequests.approve(commandLine, request!.id)).toEqual({
      kind: 'decided',
      status: 'approved',
    })
  })

  it('keep what they have when more is refused', async () => {
    await using access = await open(await locate())
    const { client } = await registered(access, { scopes: ['read', 'write'] })
    const [request] = await waiting(access)
    const decision = { customerId: 'c1' }
    expect(await access.clientRequests.approve(commandLine, request!.id, decision)).toEqual({
      kind: 'has-customer',
    })
    await access.clientRequests.reject(commandLine, request!.id, 'No data of yours.')
    expect((await access.clients.find(client.id))!.scopes).toEqual(['read'])
    expect(await access.clientRequests.ofClient(client.id)).toMatchObject([
      { status: 'rejected', purpose: 'permissions', reason: 'No data of yours.' },
    ])
  })

  it('have one request waiting, for what was asked last', async () => {
    await using access = await open(await locate())
    const { client } = await registered(access)
    await change(access, client.id, 'read', 'write')
    await Promise.all([
      change(access, client.id, 'read', 'write', 'upload'),
      change(access, client.id, 'read', 'upload'),
    ])
    expect(await waiting(access)).toHaveLength(1)
    expect(await change(access, client.id, 'read')).toMatchObject({ asked: { kind: 'nothing' } })
    expect(await waiting(access)).toEqual([])
  })

  it('lose scopes that are taken away, but none of the management API', async () => {
    await using access = await open(await locate())
    const { client } = await registered(access, { scopes: ['read'] })
    await access.clients.change(commandLine, client.id, { scopes: ['manage', 'read', 'upload'] })
    // What was granted once by an operator is not asked for again.
    expect(await change(access, client.id, 'upload')).toMatchObject({
      client: { scopes: ['manage', 'upload'] },
      asked: { kind: 'nothing' },
    })
    expect(await change(access, client.id, 'operate')).toEqual({
      kind: 'unknown-scope',
      scope: 'operate',
    })
  })

  it('take their requests with them', async () => {
    await using access = await open(await locate())
    const { client } = await registered(access, { scopes: ['write'] })
    const [request] = await waiting(access)
    expect(await access.applications.delete(ann, client.id)).toBe('deleted')
    expect(await access.clientRequests.find(request!.id)).toBeNull()
    expect(await access.applications.delete(ann, client.id)).toBe('unknown')
  })

  it('that an operator deleted cannot be given more', async () => {
    await using access = await open(await locate())
    const { client } = await registered(access, { scopes: ['write'] })
    const [request] = await waiting(access)
    await access.clients.delete(commandLine, client.id)
    expect(await access.clientRequests.approve(commandLine, request!.id)).toEqual({
      kind: 'unknown-client',
    })
  })

  it('are as many as the policy lets a customer have, also when registered at once', async () => {
    await using access = await open(await locate())
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, () => access.applications.register(ann, application)),
    )
    expect(outcomes.filter(({ kind }) => kind === 'registered')).toHaveLength(3)
    expect(outcomes.filter(({ kind }) => kind === 'too-many')).toHaveLength(3)
  })

  it('are registered by nobody where the policy is closed', async () => {
    await using access = await open(await locate(), { open: false })
    expect(await access.applications.register(ann, application)).toEqual({ kind: 'closed' })
    expect(await access.clients.list({ customerId: null, after: null, limit: 9 })).toEqual([])
  })

  it('keep their logo', async () => {
    await using access = await open(await locate())
    const logo = { contentType: 'image/png' as const, body: Buffer.from([0x89, 0, 255]) }
    const outcome = await access.applications.register(ann, { ...application, logo })
    if (outcome.kind !== 'registered') throw new Error(outcome.kind)
    const { id, logoAt } = outcome.client
    expect(logoAt).toEqual(expect.any(Number))
    expect(await access.applications.findLogo(id)).toEqual(logo)
    const other = { contentType: 'image/webp' as const, body: Buffer.from('webp') }
    expect(await access.applications.setLogo(ann, id, other)).toBe('set')
    expect(await access.applications.findLogo(id)).toEqual(other)
    expect(await access.applications.setLogo(ann, id, null)).toBe('set')
    expect(await access.applications.findLogo(id)).toBeNull()
    expect((await access.clients.find(id))!.logoAt).toBeNull()
    expect(await access.applications.setLogo(ann, 'none', null)).toBe('unknown')
  })
})
