import { expect, it } from 'vitest'
import { type Actor, systemActor } from '../../server/access/audit/actor.ts'
import { createAudit } from '../../server/access/audit/audit.ts'
import { createClients } from '../../server/access/clients/clients.ts'
import { createCustomers } from '../../server/access/customers/customers.ts'
import { parseMasterKey } from '../../server/access/keys/master-key.ts'
import { createClientRequests } from '../../server/access/requests/client-requests.ts'
import { createApis } from '../../server/access/scopes/apis.ts'
import { createLastUse } from '../../server/access/secrets/last-use.ts'
import { createSecretVerification } from '../../server/access/secrets/secret-verification.ts'
import { createSecrets } from '../../server/access/secrets/secrets.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { systemRandom as random } from '../../server/lib/random.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

const HOUR = 3_600_000
const OLD_KEY = Buffer.alloc(32, 1).toString('base64')
const NEW_KEY = Buffer.alloc(32, 2).toString('base64')

const operator: Actor = { ...systemActor, kind: 'command-line', id: 'ops' }
const anonymous: Actor = { ...systemActor, kind: 'anonymous', address: '192.0.2.1' }

const application = {
  displayName: 'Desk finder',
  credentialName: 'production',
  permissions: ['read', 'upload', 'read'],
  intendedUse: 'Shows free desks on a map.',
  contact: 'desks@example.com',
}

function fakeClock() {
  const clock = { time: 1_800_000_000_000, now: () => clock.time, monotonic: () => clock.time }
  return clock
}

/** One node: everything that client requests need, on real parts. */
async function openNode(
  location: DatabaseLocation,
  { clock = fakeClock(), masterKeyText = OLD_KEY, maximumPerClient = 50 } = {},
) {
  const database = await openTestDatabase(location, clock)
  const masterKey = parseMasterKey(masterKeyText)
  const audit = createAudit({ database, key: Buffer.alloc(32, 3), clock, random })
  const lastUse = createLastUse({ database, masterKey, clock, onError: () => {} })
  const maximumCached = 100
  const clients = createClients({
    database,
    audit,
    clock,
    random,
    defaultTokenLifetimeSeconds: 3_600,
    maximumCached,
  })
  const secrets = createSecrets({
    database,
    masterKey,
    audit,
    lastUse,
    clock,
    random,
    maximumPerClient,
  })
  const publicUrl = 'http://localhost:8080'
  const requests = createClientRequests({
    database,
    audit,
    clients,
    secrets,
    apis: createApis({ publicUrl, mapAliases: [], further: [] }),
    masterKey,
    clock,
    random,
    maximumWaiting: 2,
    deliveryHours: 72,
  })
  const customers = createCustomers({ database, audit, clock, random })
  const secretVerification = createSecretVerification({
    clients,
    database,
    masterKey,
    clock,
    maximumCached,
  })
  return {
    clock,
    database,
    audit,
    clients,
    customers,
    secrets,
    secretVerification,
    requests,
    async submit(changes: object = {}) {
      const outcome = await requests.submit(anonymous, { ...application, ...changes })
      if (outcome.kind !== 'submitted') throw new Error(outcome.kind)
      return outcome.request
    },
    /** A request of customer c1, approved. */
    async approved() {
      await customers.create(operator, { id: 'c1', name: 'One' })
      const { id } = await this.submit({ customerId: 'c1' })
      const outcome = await requests.approve(operator, id)
      if (outcome.kind !== 'approved') throw new Error(outcome.kind)
      return outcome
    },
    async actions() {
      return (await audit.list({ limit: 100 })).map(({ action }) => action)
    },
    async [Symbol.asyncDispose]() {
      await lastUse[Symbol.asyncDispose]()
      await audit[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

describeDatabases('client requests', (_kind, locate) => {
  it('keeps what was asked for, and tells the audit log', async () => {
    await using node = await openNode(await locate())
    const request = await node.submit()
    expect(request).toEqual({
      ...application,
      permissions: ['read', 'upload'],
      id: request.id,
      purpose: 'client',
      customerId: null,
      status: 'requested',
      reason: null,
      clientId: null,
      deliveryExpiresAt: null,
      deliveredAt: null,
      createdAt: node.clock.time,
      decidedAt: null,
    })
    expect(await node.requests.find(request.id)).toEqual(request)
    expect(await node.requests.find('other')).toBeNull()
    const [event] = await node.audit.list({ limit: 1 })
    expect(event).toMatchObject({
      action: 'client-request.submit',
      actor: anonymous,
      object: { kind: 'client-request', id: request.id },
    })
  })

  it('refuses a permission that no API declares', async () => {
    await using node = await openNode(await locate())
    expect(
      await node.requests.submit(anonymous, { ...application, permissions: ['read', 'fly'] }),
    ).toEqual({ kind: 'unknown-scope', scope: 'fly' })
    expect(await node.requests.list({ after: null, limit: 10 })).toEqual([])
  })

  it('lets only so many wait, also when they come at once', async () => {
    await using node = await openNode(await locate())
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => node.requests.submit(anonymous, application)),
    )
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual([
      'submitted',
      'submitted',
      'too-many-waiting',
      'too-many-waiting',
      'too-many-waiting',
    ])
    const [first] = await node.requests.list({ after: null, limit: 1 })
    await node.requests.reject(operator, first!.id, 'no')
    expect(await node.submit()).toMatchObject({ status: 'requested' })
  })

  it('lists page by page, oldest first, by status', async () => {
    await using node = await openNode(await locate())
    const first = await node.submit()
    await node.requests.reject(operator, first.id, 'no')
    node.clock.time += 1
    const second = await node.submit()
    node.clock.time += 1
    const third = await node.submit()
    const list = async (page: object) =>
      (await node.requests.list({ after: null, limit: 10, ...page })).map(({ id }) => id)
    expect(await list({ limit: 2 })).toEqual([first.id, second.id])
    expect(await list({ after: second.id })).toEqual([third.id])
    expect(await list({ status: 'requested' })).toEqual([second.id, third.id])
    expect(await list({ status: 'rejected' })).toEqual([first.id])
  })

  it('rejects with a reason, once', async () => {
    await using node = await openNode(await locate())
    const { id } = await node.submit()
    const outcome = await node.requests.reject(operator, id, 'Nobody knows you.')
    expect(outcome).toMatchObject({
      kind: 'rejected',
      request: { status: 'rejected', reason: 'Nobody knows you.', decidedAt: node.clock.time },
    })
    const again = { kind: 'decided', status: 'rejected' }
    expect(await node.requests.reject(operator, id, 'again')).toEqual(again)
    expect(await node.requests.approve(operator, id)).toEqual(again)
    expect(await node.requests.redeliver(operator, id)).toEqual({ kind: 'not-approved' })
    expect(await node.requests.reject(operator, 'other', 'no')).toEqual({ kind: 'unknown' })
    expect(await node.actions()).toEqual(['client-request.reject', 'client-request.submit'])
  })

  it('creates the client at the approval, with what was asked for', async () => {
    await using node = await openNode(await locate())
    const { request, client, deliveryToken } = await node.approved()
    expect(client).toMatchObject({
      customerId: 'c1',
      displayName: 'Desk finder',
      description: 'Shows free desks on a map.',
      scopes: ['read', 'upload'],
    })
    expect(request).toMatchObject({
      status: 'approved',
      clientId: client.id,
      deliveryExpiresAt: node.clock.time + 72 * HOUR,
      deliveredAt: null,
    })
    expect(deliveryToken).toMatch(/^mgd_[0-9A-Za-z]{43}$/)
    expect(await node.clients.find(client.id)).toEqual(client)
    expect(await node.secrets.list(client.id)).toEqual([])
    expect((await node.actions()).slice(0, 2).sort()).toEqual([
      'client-request.approve',
      'client.create',
    ])
  })

  it('takes the operator’s customer and scopes over those asked for', async () => {
    await using node = await openNode(await locate())
    await node.customers.create(operator, { id: 'c1', name: 'One' })
    await node.customers.create(operator, { id: 'c2', name: 'Two' })
    const { id } = await node.submit({ customerId: 'c1' })
    const decision = { customerId: 'c2', scopes: ['read'] }
    const outcome = await node.requests.approve(operator, id, decision)
    expect(outcome).toMatchObject({
      kind: 'approved',
      request: { customerId: 'c2', permissions: ['read', 'upload'] },
      client: { customerId: 'c2', scopes: ['read'] },
    })
  })

  it('grants management only when the decision names it', async () => {
    await using node = await openNode(await locate())
    await node.customers.create(operator, { id: 'c1', name: 'One' })
    const { approve } = node.requests
    const some = await node.submit({ customerId: 'c1', permissions: ['manage', 'read'] })
    expect(await approve(operator, some.id)).toMatchObject({ client: { scopes: ['read'] } })
    const { id } = await node.submit({ customerId: 'c1', permissions: ['operate'] })
    expect(await approve(operator, id)).toEqual({ kind: 'only-management' })
    expect(await node.requests.find(id)).toMatchObject({ status: 'requested', clientId: null })
    expect(await approve(operator, id, { scopes: ['operate'] })).toMatchObject({
      client: { scopes: ['operate'] },
    })
  })

  it('approves nothing that cannot be', async () => {
    await using node = await openNode(await locate())
    const { id } = await node.submit()
    const { approve } = node.requests
    expect(await approve(operator, id)).toEqual({ kind: 'no-customer' })
    expect(await approve(operator, id, { customerId: 'c9' })).toEqual({ kind: 'unknown-customer' })
    expect(await approve(operator, id, { customerId: 'c9', scopes: ['fly'] })).toEqual({
      kind: 'unknown-scope',
      scope: 'fly',
    })
    expect(await approve(operator, 'other', { customerId: 'c9' })).toEqual({ kind: 'unknown' })
    expect(await node.requests.find(id)).toMatchObject({ status: 'requested', clientId: null })
  })

  it('lets one of several decisions at once win', async () => {
    const location = await locate()
    await using node = await openNode(location)
    await using other = await openNode(location)
    await node.customers.create(operator, { id: 'c1', name: 'One' })
    const { id } = await node.submit({ customerId: 'c1' })
    const outcomes = await Promise.all([
      node.requests.approve(operator, id),
      other.requests.approve(operator, id),
      node.requests.reject(operator, id, 'no'),
      other.requests.reject(operator, id, 'no'),
    ])
    expect(outcomes.filter(({ kind }) => kind === 'decided')).toHaveLength(3)
    const [won] = outcomes.filter(({ kind }) => kind !== 'decided')
    const clients = await node.clients.list({ customerId: null, after: null, limit: 10 })
    expect(clients).toHaveLength(won!.kind === 'approved' ? 1 : 0)
  })

  it('reveals the secret once, and consumes nothing before', async () => {
    await using node = await openNode(await locate())
    const { client, deliveryToken } = await node.approved()
    for (let look = 0; look < 3; look++) {
      expect(await node.requests.findDelivery(deliveryToken)).toMatchObject({
        kind: 'waiting',
        request: { clientId: client.id },
      })
    }
    const outcome = await node.requests.reveal(anonymous, deliveryToken)
    if (outcome.kind !== 'revealed') throw new Error(outcome.kind)
    expect(outcome.clientId).toBe(client.id)
    expect(outcome.secret.description).toBe('production')
    expect(await node.secretVerification.verify(client.id, outcome.text)).toMatchObject({
      kind: 'valid',
      secretId: outcome.secret.id,
    })
    expect(await node.requests.findDelivery(deliveryToken)).toEqual({ kind: 'delivered' })
    expect(await node.requests.reveal(anonymous, deliveryToken)).toEqual({ kind: 'delivered' })
    expect(await node.requests.redeliver(operator, outcome.request.id)).toEqual({
      kind: 'delivered',
    })
    expect(await node.secrets.list(client.id)).toHaveLength(1)
    expect((await node.actions()).filter((action) => action.endsWith('.reveal'))).toHaveLength(1)
  })

  it('reveals to one of many at once', async () => {
    const location = await locate()
    await using node = await openNode(location)
    await using other = await openNode(location)
    const { client, deliveryToken } = await node.approved()
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? node : other).requests.reveal(anonymous, deliveryToken),
      ),
    )
    expect(outcomes.filter(({ kind }) => kind === 'revealed')).toHaveLength(1)
    expect(outcomes.filter(({ kind }) => kind === 'delivered')).toHaveLength(9)
    expect(await node.secrets.list(client.id)).toHaveLength(1)
  })

  it('replaces a link that expired or was never opened; the old one is dead', async () => {
    await using node = await openNode(await locate())
    const { request, deliveryToken } = await node.approved()
    const second = await node.requests.redeliver(operator, request.id)
    if (second.kind !== 'created') throw new Error(second.kind)
    expect(await node.requests.reveal(anonymous, deliveryToken)).toEqual({ kind: 'unknown' })

    node.clock.time += 72 * HOUR
    expect(await node.requests.findDelivery(second.deliveryToken)).toEqual({ kind: 'expired' })
    expect(await node.requests.reveal(anonymous, second.deliveryToken)).toEqual({ kind: 'expired' })
    const third = await node.requests.redeliver(operator, request.id)
    if (third.kind !== 'created') throw new Error(third.kind)
    expect(await node.requests.reveal(anonymous, third.deliveryToken)).toMatchObject({
      kind: 'revealed',
    })
    expect(await node.requests.redeliver(operator, 'other')).toEqual({ kind: 'unknown' })
  })

  it('knows a link that was made under an older master key', async () => {
    const location = await locate()
    await using node = await openNode(location)
    const { deliveryToken } = await node.approved()
    await using later = await openNode(location, { masterKeyText: `2:${NEW_KEY},1:${OLD_KEY}` })
    expect(await later.requests.reveal(anonymous, deliveryToken)).toMatchObject({
      kind: 'revealed',
    })
  })

  it('stores neither the link nor the secret', async () => {
    await using node = await openNode(await locate())
    const { deliveryToken } = await node.approved()
    const outcome = await node.requests.reveal(anonymous, deliveryToken)
    if (outcome.kind !== 'revealed') throw new Error(outcome.kind)
    const stored = JSON.stringify([
      await node.database.query.selectFrom('client_requests').selectAll().execute(),
      await node.database.query.selectFrom('client_secrets').selectAll().execute(),
      await node.database.query.selectFrom('audit_events').selectAll().execute(),
    ])
    expect(stored).toContain(outcome.secret.id)
    expect(stored).not.toContain(deliveryToken.slice(4))
    expect(stored).not.toContain(outcome.text.split('_')[2])
  })

  it('keeps the link good when no secret could be created', async () => {
    await using node = await openNode(await locate(), { maximumPerClient: 2 })
    const { client, deliveryToken } = await node.approved()
    const created = { description: '', expiresAt: null }
    await node.secrets.create(operator, client.id, created)
    const full = await node.secrets.create(operator, client.id, created)
    if (full.kind !== 'created') throw new Error(full.kind)
    expect(await node.requests.reveal(anonymous, deliveryToken)).toEqual({
      kind: 'too-many',
      maximum: 2,
    })
    const options = { revokeTokens: false, deleteCreated: false } as const
    await node.secrets.delete(operator, client.id, full.secret.id, options)
    expect(await node.requests.reveal(anonymous, deliveryToken)).toMatchObject({
      kind: 'revealed',
    })
  })

  it('reveals nothing of a client that was deleted', async () => {
    await using node = await openNode(await locate())
    const { client, deliveryToken } = await node.approved()
    await node.clients.delete(operator, client.id)
    expect(await node.requests.reveal(anonymous, deliveryToken)).toEqual({ kind: 'unknown' })
  })
})
