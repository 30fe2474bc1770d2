import type { Polygon } from 'geojson'
import { expect, it } from 'vitest'
import type { NewSubscription } from '../../server/access/subscriptions/subscriptions.ts'
import { commandLine, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'
import { roundArea } from '../support/geometries.ts'

const HOUR = 3_600_000

const square = (size: number): Polygon => ({
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [size, 0],
      [size, size],
      [0, size],
      [0, 0],
    ],
  ],
})

describeDatabases('subscriptions', (_kind, locate) => {
  async function open() {
    const location = await locate()
    const clock = movableClock()
    const access = await openTestAccess(location, { clock })
    for (const id of ['owner', 'reader', 'other']) {
      await access.customers.create(commandLine, { id, name: id })
    }
    for (const id of ['trees', 'roads']) {
      await access.collections.create(commandLine, { id, customerId: 'owner', title: id })
    }
    return { access, location, clock }
  }

  const trees: NewSubscription = { customerId: 'reader', collectionId: 'trees', action: 'read' }

  it('are granted by the owner of the collection as it is now', async () => {
    const { access } = await open()
    await using _ = access
    const grant = (ownerId: string | null) =>
      access.subscriptions.create(commandLine, { ...trees, ownerId })
    expect(await grant('other')).toEqual({ kind: 'unknown-collection' })
    expect(await grant(null)).toEqual({ kind: 'unknown-collection' })
    expect(await grant('owner')).toMatchObject({ kind: 'created' })
  })

  it('are known to every node, until they are over', async () => {
    const { access, location, clock } = await open()
    await using here = access
    await using there = await openTestAccess(location, { clock })
    const from = clock.now() + HOUR
    const outcome = await here.subscriptions.create(commandLine, {
      ...trees,
      area: square(1),
      from,
      to: from + HOUR,
    })
    if (outcome.kind !== 'created') throw new Error(outcome.kind)
    const { subscription } = outcome
    expect(subscription).toEqual({
      ...trees,
      id: expect.any(String),
      areaId: expect.any(String),
      from,
      to: from + HOUR,
      createdAt: clock.now(),
    })
    await there.database.feed.read()
    for (const { subscriptions } of [here, there]) {
      expect(subscriptions.of('reader')).toEqual([subscription])
      expect(subscriptions.liveOf('reader')).toEqual([])
    }
    clock.advance(HOUR)
    for (const { subscriptions } of [here, there]) {
      expect(subscriptions.liveOf('reader')).toEqual([subscription])
    }
    clock.advance(HOUR)
    for (const { subscriptions } of [here, there]) {
      expect(subscriptions.liveOf('reader')).toEqual([])
      expect(await subscriptions.find(subscription.id)).toEqual(subscription)
    }
  })

  it('are one for each customer, collection and action, however many ask at once', async () => {
    const { access, location, clock } = await open()
    await using here = access
    await using there = await openTestAccess(location, { clock })
    const outcomes = await Promise.all(
      [here, there, here, there, here].map((node, index) =>
        node.subscriptions.create(commandLine, { ...trees, area: square(index + 1) }),
      ),
    )
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual([
      'created',
      ...Array.from({ length: 4 }, () => 'exists'),
    ])
    for (const other of [{ action: 'write' }, { collectionId: 'roads' }, { customerId: 'other' }]) {
      const created = await here.subscriptions.create(commandLine, {
        ...trees,
        ...(other as Partial<NewSubscription>),
      })
      expect(created).toMatchObject({ kind: 'created' })
    }
    await there.database.feed.read()
    expect(there.subscriptions.of('reader')).toHaveLength(3)
  })

  it('make place for a new one when they are over', async () => {
    const { access, clock } = await open()
    await using _ = access
    const { subscriptions } = access
    const create = () => subscriptions.create(commandLine, { ...trees, to: clock.now() + HOUR })
    expect(await create()).toMatchObject({ kind: 'created' })
    expect(await create()).toEqual({ kind: 'exists' })
    clock.advance(HOUR)
    expect(await create()).toMatchObject({ kind: 'created' })
    expect(subscriptions.of('reader')).toHaveLength(1)
  })

  it('change and end, with an audit event each', async () => {
    const { access, clock } = await open()
    await using _ = access
    const { subscriptions, audit } = access
    const created = await subscriptions.create(commandLine, { ...trees, area: square(1) })
    if (created.kind !== 'created') throw new Error(created.kind)
    const { id, areaId } = created.subscription
    const changed = await subscriptions.change(commandLine, id, { area: square(2) })
    if (changed.kind !== 'changed') throw new Error(changed.kind)
    expect(changed.subscription).toMatchObject({ id, from: clock.now(), to: null })
    expect(changed.subscription.areaId).not.toBe(areaId)
    expect(
      await subscriptions.change(commandLine, id, { area: null, to: clock.now() + 1 }),
    ).toMatchObject({ subscription: { areaId: null, to: clock.now() + 1 } })
    expect(await subscriptions.change(commandLine, id, { from: clock.now() + 1 })).toEqual({
      kind: 'bad-time',
    })
    expect(await subscriptions.end(commandLine, id)).toMatchObject({ id })
    expect(await subscriptions.end(commandLine, id)).toBeNull()
    expect(await subscriptions.change(commandLine, id, { to: null })).toEqual({ kind: 'unknown' })
    expect(subscriptions.of('reader')).toEqual([])
    const events = await audit.list({ objectId: id, limit: 10 })
    expect(events.map(({ action, customerId }) => [action, customerId])).toEqual([
      ['subscription.end', 'reader'],
      ['subscription.change', 'reader'],
      ['subscription.change', 'reader'],
      ['subscription.create', 'reader'],
    ])
  })

  it.each<[string, Partial<NewSubscription>, string]>([
    ['a customer that there is not', { customerId: 'nobody' }, 'unknown-customer'],
    ['a collection that there is not', { collectionId: 'rivers' }, 'unknown-collection'],
    ['the owner', { customerId: 'owner' }, 'own'],
    ['an end before the beginning', { from: 2, to: 2 }, 'bad-time'],
  ])('are not for %s', async (_name, changes, kind) => {
    const { access } = await open()
    await using _ = access
    expect(await access.subscriptions.create(commandLine, { ...trees, ...changes })).toEqual({
      kind,
    })
  })

  it('end with their collection, or their customer', async () => {
    const { access, location, clock } = await open()
    await using here = access
    await using there = await openTestAccess(location, { clock })
    for (const customerId of ['reader', 'other']) {
      for (const collectionId of ['trees', 'roads']) {
        await here.subscriptions.create(commandLine, { ...trees, customerId, collectionId })
      }
    }
    await here.collections.delete(commandLine, 'trees')
    await here.customers.delete(commandLine, 'reader')
    await there.database.feed.read()
    for (const { subscriptions } of [here, there]) {
      expect(subscriptions.of('reader')).toEqual([])
      expect(subscriptions.of('other')).toMatchObject([{ collectionId: 'roads' }])
    }
  })

  it('keep their areas, also those that were only asked for before', async () => {
    const { access, clock } = await open()
    await using _ = access
    const { areas, database, subscriptions } = access
    await database.write((write) => areas.createIn(write, square(1), '', 'requested'))
    const { id: forgotten } = await database.write((write) =>
      areas.createIn(write, square(2), '', 'requested'),
    )
    const created = await subscriptions.create(commandLine, { ...trees, area: square(1) })
    if (created.kind !== 'created') throw new Error(created.kind)
    clock.advance(10 * 365 * 24 * HOUR)
    await areas.prune()
    expect(await areas.find(forgotten)).toBeNull()
    expect(await areas.find(created.subscription.areaId!)).toMatchObject({ geometry: square(1) })
  })

  it('have no more area together than can be kept in memory', async () => {
    const { access } = await open()
    await using _ = access
    const { collections, subscriptions } = access
    const kinds: string[] = []
    for (let index = 0; index < 26; index++) {
      const id = `c${index}`
      await collections.create(commandLine, { id, customerId: 'owner', title: id })
      const { kind } = await subscriptions.create(commandLine, {
        ...trees,
        collectionId: id,
        area: roundArea([index, 0], 10_000, () => 1),
      })
      kinds.push(kind)
    }
    expect(kinds).toEqual([...Array.from({ length: 25 }, () => 'created'), 'too-large'])
    const [first] = subscriptions.of('reader')
    // In place of an area of its own there is room.
    const changed = await subscriptions.change(commandLine, first!.id, {
      area: roundArea([0, 0], 10_000, () => 2),
    })
    expect(changed).toMatchObject({ kind: 'changed' })
  })

  it('are listed for who has them and for whose the collection is', async () => {
    const { access, clock } = await open()
    await using _ = access
    const { collections, subscriptions } = access
    await collections.create(commandLine, { id: 'rivers', customerId: 'reader', title: 'Rivers' })
    for (const [customerId, collectionId] of [
      ['reader', 'trees'],
      ['other', 'trees'],
      ['other', 'rivers'],
    ] as const) {
      await subscriptions.create(commandLine, { ...trees, customerId, collectionId })
      clock.advance(1)
    }
    const list = async (query: { customerId?: string; collectionId?: string; partyId?: string }) =>
      (await subscriptions.list({ ...query, after: null, limit: 10 })).map(
        ({ customerId, collectionId }) => `${customerId} ${collectionId}`,
      )
    expect(await list({})).toEqual(['reader trees', 'other trees', 'other rivers'])
    expect(await list({ customerId: 'other' })).toEqual(['other trees', 'other rivers'])
    expect(await list({ partyId: 'reader' })).toEqual(['reader trees', 'other rivers'])
    expect(await list({ partyId: 'owner', collectionId: 'rivers' })).toEqual([])
    const [first] = await subscriptions.list({ after: null, limit: 1 })
    expect(await subscriptions.list({ after: first!.id, limit: 1 })).toMatchObject([
      { customerId: 'other', collectionId: 'trees' },
    ])
  })
})
