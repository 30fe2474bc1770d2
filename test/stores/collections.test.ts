import { describe, expect, it } from 'vitest'
import { wholeScope } from '../../server/access/scopes/whole-scope.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import { commandLine, openTestAccess } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'

describeDatabases('collections', (_kind, locate) => {
  async function open() {
    const location = await locate()
    const access = await openTestAccess(location)
    for (const id of ['owner', 'other']) {
      await access.customers.create(commandLine, { id, name: id })
    }
    return { access, location }
  }

  it('are known to every node, as they are now', async () => {
    const { access, location } = await open()
    await using here = access
    await using there = await openTestAccess(location)
    const outcome = await here.collections.create(commandLine, {
      id: 'trees',
      customerId: 'owner',
      title: 'Trees',
      licence: { name: 'CC0', url: 'https://example.com/cc0' },
    })
    const collection = {
      id: 'trees',
      customerId: 'owner',
      visibility: 'private',
      title: 'Trees',
      description: '',
      attribution: '',
      licence: { name: 'CC0', url: 'https://example.com/cc0' },
      madeOf: null,
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
    }
    expect(outcome).toEqual({ kind: 'created', collection })
    expect(here.collections.known('trees')).toEqual(collection)
    await there.database.feed.read()
    expect(there.collections.known('trees')).toEqual(collection)

    await there.collections.change(commandLine, 'trees', { visibility: 'open', licence: null })
    await here.database.feed.read()
    const changed = { visibility: 'open', licence: null, title: 'Trees' }
    expect(here.collections.known('trees')).toMatchObject(changed)

    await using later = await openTestAccess(location)
    expect(later.collections.known('trees')).toMatchObject(changed)

    expect(await here.collections.delete(commandLine, 'trees')).toMatchObject(changed)
    await there.database.feed.read()
    expect([here, there].map((node) => node.collections.all())).toEqual([[], []])
  })

  it('are listed by id, and each change has its audit event', async () => {
    const { access } = await open()
    await using _ = access
    for (const id of ['b', 'a', 'C']) {
      await access.collections.create(commandLine, { id, customerId: null, title: id })
    }
    expect(access.collections.all().map(({ id }) => id)).toEqual(['C', 'a', 'b'])
    const before = access.collections.revision()
    await access.collections.change(commandLine, 'a', { visibility: 'public', title: 'A' })
    expect(access.collections.revision()).not.toBe(before)
    await access.collections.delete(commandLine, 'b')
    const events = await access.audit.list({ limit: 2 })
    expect(events).toMatchObject([
      { action: 'collection.delete', object: { kind: 'collection', id: 'b' }, customerId: null },
      {
        action: 'collection.change',
        object: { kind: 'collection', id: 'a' },
        details: { changed: ['title'], visibility: 'public' },
      },
    ])
  })

  it('have ids that only one gets', async () => {
    const { access, location } = await open()
    await using here = access
    await using there = await openTestAccess(location)
    const outcomes = await Promise.all(
      [here, there, here, there].map((node, index) =>
        node.collections.create(commandLine, {
          id: 'trees',
          customerId: index % 2 === 0 ? 'owner' : 'other',
          title: String(index),
        }),
      ),
    )
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual([
      'created',
      'exists',
      'exists',
      'exists',
    ])
  })

  it('belong to a customer that there is, which cannot go before them', async () => {
    const { access } = await open()
    await using _ = access
    const { collections, customers } = access
    const create = (customerId: string) =>
      collections.create(commandLine, { id: 'trees', customerId, title: 'Trees' })
    expect(await create('nobody')).toEqual({ kind: 'unknown-customer' })
    expect(await create('owner')).toMatchObject({ kind: 'created' })
    expect(await customers.delete(commandLine, 'owner')).toBe('has-collections')
    await collections.delete(commandLine, 'trees')
    expect(await customers.delete(commandLine, 'owner')).toBe('deleted')
  })

  it('are not taken for others that had their ids', async () => {
    const { access } = await open()
    await using _ = access
    const { collections } = access
    const trees = { id: 'trees', customerId: 'owner', title: 'Trees' }
    const outcome = await collections.create(commandLine, trees)
    if (outcome.kind !== 'created') throw new Error(outcome.kind)
    const { createdAt } = outcome.collection
    const before = createdAt - 1
    expect(await collections.change(commandLine, 'trees', { title: 'No' }, before)).toBeNull()
    expect(await collections.delete(commandLine, 'trees', before)).toBeNull()
    const changed = await collections.change(commandLine, 'trees', { title: 'Yes' }, createdAt)
    expect(changed).toMatchObject({ title: 'Yes' })
    expect(await collections.delete(commandLine, 'trees', createdAt)).toEqual(changed)
  })

  describe('that are not there', () => {
    it('can neither be changed nor deleted', async () => {
      const { access } = await open()
      await using _ = access
      expect(await access.collections.change(commandLine, 'no', { title: 'No' })).toBeNull()
      expect(await access.collections.delete(commandLine, 'no')).toBeNull()
      expect(access.collections.known('no')).toBeNull()
    })
  })

  it('outlive no account that was the only one to own them', async () => {
    const { access } = await open()
    await using _ = access
    const { account } = await access.accounts.create(commandLine, {
      email: 'person@example.com',
      name: 'Person',
      passwordHash: null,
      emailConfirmed: true,
    })
    const customerId = await access.memberships.ownCustomer(commandLine, account)
    await access.collections.create(commandLine, { id: 'trees', customerId, title: 'Trees' })
    expect(await access.accounts.delete(commandLine, account.id)).toBe('last-owner')
    await access.collections.delete(commandLine, 'trees')
    expect(await access.accounts.delete(commandLine, account.id)).toBe('deleted')
  })

  it('leave no data to those that come after them, even when their deletion broke off', async () => {
    const location = await locate()
    const add = (app: TestApp, id: string) =>
      app.access.collections.create(commandLine, { id, customerId: null, title: id })
    const scope = (app: TestApp) => wholeScope(() => app.access.collections.all())
    {
      await using app = await openTestApp(location)
      for (const id of ['trees', 'roads']) {
        await add(app, id)
        const feature = { id: '1', geometry: { type: 'Point' as const, coordinates: [0, 0] } }
        await importFeatures(app.maps, scope(app), id, { schema: [], dimension: 0 }, [
          { ...feature, properties: {} },
        ])
      }
      // As a process does that is killed before it drops the data.
      await app.access.collections.delete(commandLine, 'trees')
    }
    await using app = await openTestApp(location)
    // The registry may be an older backup: nothing is removed unasked.
    const { collections } = app.access
    expect(await app.maps.leftovers(collections.all())).toEqual(['trees'])
    await add(app, 'trees')
    const counts = await Promise.all(
      ['trees', 'roads'].map(async (id) => (await app.maps.state(scope(app), id))?.featureCount),
    )
    expect(counts).toEqual([0, 1])
  })
})
