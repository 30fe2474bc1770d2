import type { Polygon } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MapDataDetail } from '../../server/access/areas/map-data-detail.ts'
import { VISIBILITIES } from '../../server/access/collections/collection.ts'
import type { AccessScope, View } from '../../server/access/scopes/access-scope.ts'
import { createAccessScopes } from '../../server/access/scopes/access-scopes.ts'
import type { Role } from '../../server/access/accounts/account.ts'
import type { Caller } from '../../server/access/tokens/access-token.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'
import { createPerson } from '../support/grants.ts'

const square = (west: number): Polygon => ({
  type: 'Polygon',
  coordinates: [
    [
      [west, 0],
      [west + 1, 0],
      [west + 1, 1],
      [west, 1],
      [west, 0],
    ],
  ],
})

const point = (longitude: number) => ({ type: 'Point' as const, coordinates: [longitude, 0.5] })

/** How a test writes down what a scope says of a collection: `-`, `all`, or the squares that are seen. */
function shown(view: View, action: 'sees' | 'covers'): string {
  if (typeof view === 'string') return view === 'none' ? '-' : view
  const squares = [0, 10, 20, 30].filter((west) => view[action](point(west + 0.5)))
  return squares.join('+') || 'limited to nothing'
}

interface Who {
  kind?: Caller['kind']
  clientId: string
  /** Space-separated. */
  scopes: string
  accountId?: string
  /** The customer that a person chose for a client that belongs to nobody. */
  sharedFor?: string
  details?: (MapDataDetail & { layer?: number })[]
}

/** A verified token, as far as scopes look at it. */
function callerOf({ kind = 'client', ...who }: Who): Caller {
  return {
    kind,
    clientId: who.clientId,
    customerId: who.sharedFor,
    accountId: who.accountId ?? null,
    scopes: who.scopes.split(' '),
    claims: {
      ...(who.details && { authorization_details: who.details }),
      ...(who.sharedFor !== undefined && { shared: true }),
    },
  } as unknown as Caller
}

describeDatabases('access scopes', (_kind, locate) => {
  const clock = movableClock()
  let access: Access
  let find: (who: Who | null) => Promise<AccessScope>
  let memberOf: Record<string, string>

  async function addCollection(id: string, customerId: string | null, visibility: string) {
    await access.collections.create(commandLine, {
      id,
      customerId,
      title: id,
      visibility: visibility as 'open',
    })
  }

  async function subscribe(
    customerId: string,
    collectionId: string,
    terms: { action?: 'read' | 'write'; area?: Polygon; from?: number; to?: number } = {},
  ): Promise<string> {
    const outcome = await access.subscriptions.create(commandLine, {
      customerId,
      collectionId,
      action: 'read',
      ...terms,
    })
    if (outcome.kind !== 'created') throw new Error(outcome.kind)
    return outcome.subscription.id
  }

  async function addPerson(name: string, memberships: Record<string, Role>): Promise<string> {
    const { id } = await createPerson(access, `${name}@example.com`)
    for (const [customerId, role] of Object.entries(memberships)) {
      await access.memberships.set(commandLine, { accountId: id, customerId, role })
    }
    return id
  }

  beforeAll(async () => {
    access = await openTestAccess(await locate(), { clock })
    for (const id of ['owner', 'reader', 'writer', 'limited', 'nobody', 'closed']) {
      await access.customers.create(commandLine, { id, name: id })
      await access.clients.create(commandLine, {
        id,
        customerId: id,
        displayName: id,
        scopes: ['read', 'write'],
      })
    }
    await access.clients.create(commandLine, {
      id: 'operator',
      customerId: 'nobody',
      displayName: 'operator',
      scopes: ['read', 'write', 'operate'],
    })
    for (const visibility of VISIBILITIES) {
      await addCollection(visibility, 'owner', visibility)
      await addCollection(`own-${visibility}`, null, visibility)
      for (const collectionId of [visibility, `own-${visibility}`]) {
        await subscribe('reader', collectionId)
        await subscribe('writer', collectionId, { action: 'write' })
        await subscribe('limited', collectionId, { area: square(0) })
        await subscribe('limited', collectionId, { action: 'write', area: square(10) })
      }
    }
    memberOf = {
      owner: await addPerson('owner', { owner: 'owner' }),
      developer: await addPerson('developer', { owner: 'developer', closed: 'viewer' }),
      viewer: await addPerson('viewer', { owner: 'viewer' }),
      reader: await addPerson('reader', { reader: 'owner' }),
      several: await addPerson('several', { limited: 'admin', nobody: 'owner' }),
      looks: await addPerson('looks', { limited: 'viewer' }),
      both: await addPerson('both', { owner: 'owner', limited: 'owner' }),
      stranger: await addPerson('stranger', {}),
    }
    const scopes = createAccessScopes(access)
    find = async (who) => scopes(who && callerOf(who))
  })
  afterAll(() => access[Symbol.asyncDispose]())

  const client = (clientId: string, scopes = 'read write'): Who => ({ clientId, scopes })
  /** By a client of a customer that has nothing: it counts for nothing. */
  const person =
    (name: string, scopes = 'read write', sharedFor?: string) =>
    (): Who => ({
      kind: 'account',
      clientId: 'nobody',
      accountId: memberOf[name]!,
      scopes,
      ...(sharedFor !== undefined && { sharedFor }),
    })

  const none = '-    -    -    -'
  const own = 'all  all  all  all'
  const mayRead = 'all  all  all  -'

  // For each visibility (open, public, subscription, private): of a customer's collections what may be
  // read and what may be written, then the same of the installation's own.
  it.each<[string, Who | null | (() => Who), [string, string, string, string]]>([
    ['nobody', null, ['all  -    -    -', none, 'all  -    -    -', none]],
    [
      'a client token, even of the owner',
      { ...client('owner'), kind: 'client-token' },
      ['all  all  -    -', none, 'all  all  -    -', none],
    ],
    ['the owner', client('owner'), [own, own, 'all  all  -    -', none]],
    ['the owner without write', client('owner', 'read'), [own, none, 'all  all  -    -', none]],
    [
      'the owner without read',
      client('owner', 'write'),
      ['all  -    -    -', own, 'all  -    -    -', none],
    ],
    ['another customer', client('nobody'), ['all  all  -    -', none, 'all  all  -    -', none]],
    ['an operator', client('operator'), ['all  all  -    -', none, own, own]],
    ['a subscriber', client('reader'), [mayRead, none, mayRead, none]],
    ['a subscriber that may write', client('writer'), [mayRead, mayRead, mayRead, mayRead]],
    ['one that may write, without write', client('writer', 'read'), [mayRead, none, mayRead, none]],
    [
      'a subscriber with areas',
      client('limited'),
      ['all  all  0+10 -', '10   10   10   -', 'all  all  0+10 -', '10   10   10   -'],
    ],
    ['a member who owns', person('owner'), [own, own, 'all  all  -    -', none]],
    ['a developer', person('developer'), [own, own, 'all  all  -    -', none]],
    ['a viewer', person('viewer'), [own, none, 'all  all  -    -', none]],
    ['a subscriber’s member', person('reader'), [mayRead, none, mayRead, none]],
    [
      'a member of several',
      person('several'),
      ['all  all  0+10 -', '10   10   10   -', 'all  all  0+10 -', '10   10   10   -'],
    ],
    [
      'a viewer of a subscriber that may write',
      person('looks'),
      ['all  all  0+10 -', none, 'all  all  0+10 -', none],
    ],
    [
      'a person without a customer',
      person('stranger'),
      ['all  all  -    -', none, 'all  all  -    -', none],
    ],
    [
      'a person for one of their customers',
      person('both', 'read write', 'limited'),
      ['all  all  0+10 -', '10   10   10   -', 'all  all  0+10 -', '10   10   10   -'],
    ],
    [
      'a person for a customer that is not theirs any more',
      person('both', 'read write', 'reader'),
      ['all  all  -    -', none, 'all  all  -    -', none],
    ],
  ])('say what %s may', async (_name, who, expected) => {
    const scope = await find(typeof who === 'function' ? who() : who)
    const row = (prefix: string, action: 'read' | 'write') =>
      VISIBILITIES.map((visibility) =>
        shown(scope[action](prefix + visibility), action === 'read' ? 'sees' : 'covers').padEnd(4),
      )
        .join(' ')
        .trimEnd()
    const rows = [row('', 'read'), row('', 'write'), row('own-', 'read'), row('own-', 'write')]
    expect(rows).toEqual(expected)

    const seen = VISIBILITIES.flatMap((visibility) => [visibility, `own-${visibility}`])
      .filter((id) => scope.read(id) !== 'none')
      .sort()
    expect(scope.collections().map(({ id }) => id)).toEqual(seen)
    for (const visibility of VISIBILITIES) {
      const found = scope.collection(visibility)
      expect(found?.id ?? null).toBe(seen.includes(visibility) ? visibility : null)
    }
    expect(scope.collection('missing')).toBeNull()
    expect(scope.read('missing')).toBe('none')
    expect(scope.write('missing')).toBe('none')
  })

  describe('are cut', () => {
    async function storeArea(west: number): Promise<string> {
      const { areas, database } = access
      return (await database.write((write) => areas.createIn(write, square(west), ''))).id
    }

    const detail = (changes: Partial<MapDataDetail & { layer: number }>) => ({
      type: 'map_data' as const,
      actions: ['read' as const],
      collections: null,
      area: null,
      ...changes,
    })

    it('by each of the client’s areas, for open collections and client tokens too', async () => {
      await access.clients.create(commandLine, {
        id: 'cut',
        customerId: 'limited',
        displayName: 'cut',
        scopes: ['read', 'write'],
        areaIds: [await storeArea(10)],
      })
      const scope = await find(client('cut'))
      expect(shown(scope.read('open'), 'sees')).toBe('10')
      expect(shown(scope.read('subscription'), 'sees')).toBe('10')
      expect(shown(scope.write('public'), 'covers')).toBe('10')
      const token = await find({ ...client('cut'), kind: 'client-token' })
      expect(shown(token.read('public'), 'sees')).toBe('10')

      await access.clients.change(commandLine, 'cut', {
        areaIds: [await storeArea(10), await storeArea(20)],
      })
      const both = await find(client('cut'))
      expect(shown(both.read('open'), 'sees')).toBe('limited to nothing')
      const wide = {
        type: 'LineString' as const,
        coordinates: [
          [0, 0.5],
          [30, 0.5],
        ],
      }
      expect(typeof both.read('open') === 'object' && both.read('open')).toMatchObject({
        layers: [[{ geometry: square(10) }], [{ geometry: square(20) }]],
      })
      const limits = both.read('open')
      expect(typeof limits === 'object' && [limits.sees(wide), limits.covers(wide)]).toEqual([
        true,
        false,
      ])
    })

    it('by the token’s actions, collections and areas, layer by layer', async () => {
      const [zero, ten] = [await storeArea(0), await storeArea(10)]
      const read = async (...details: ReturnType<typeof detail>[]) => {
        const scope = await find({ ...client('owner'), details })
        return ['open', 'private'].map((id) => shown(scope.read(id), 'sees')).join(' ')
      }
      expect(await read(detail({ collections: ['private'] }))).toBe('- all')
      expect(await read(detail({ actions: ['write'] }))).toBe('- -')
      expect(await read(detail({ area: zero }), detail({ area: ten }))).toBe('0+10 0+10')
      expect(await read(detail({ area: zero }), detail({ area: ten, collections: ['open'] }))).toBe(
        '0+10 0',
      )
      expect(await read(detail({ area: zero }), detail({ area: ten, layer: 1 }))).toBe(
        'limited to nothing limited to nothing',
      )
      expect(await read(detail({ area: 'gone' }))).toBe('- -')
      const writes = await find({
        ...client('owner'),
        details: [detail({ actions: ['read'] }), detail({ actions: ['write'], area: ten })],
      })
      expect(shown(writes.write('private'), 'covers')).toBe('10')
      expect(shown(writes.read('private'), 'sees')).toBe('all')
    })
  })

  describe('follow', () => {
    const seen = async (who: Who, id: string) => shown((await find(who)).read(id), 'sees')

    it('a collection that is made private, and one that is made open', async () => {
      await addCollection('moving', 'owner', 'subscription')
      expect(await seen(client('reader'), 'moving')).toBe('-')
      await access.collections.change(commandLine, 'moving', { visibility: 'open' })
      expect(await seen(client('reader'), 'moving')).toBe('all')
      expect((await find(null)).collection('moving')).toMatchObject({ id: 'moving' })
      await access.collections.change(commandLine, 'moving', { visibility: 'private' })
      expect(await seen(client('reader'), 'moving')).toBe('-')
      expect((await find(null)).collection('moving')).toBeNull()
      expect(await seen(client('owner'), 'moving')).toBe('all')
    })

    it('a subscription through its life', async () => {
      await addCollection('times', 'owner', 'subscription')
      const from = clock.now() + 1_000
      const id = await subscribe('reader', 'times', { area: square(0), from, to: from + 1_000 })
      expect(await seen(client('reader'), 'times')).toBe('-')
      clock.advance(1_000)
      expect(await seen(client('reader'), 'times')).toBe('0')
      await access.subscriptions.change(commandLine, id, { area: square(10) })
      expect(await seen(client('reader'), 'times')).toBe('10')
      clock.advance(1_000)
      expect(await seen(client('reader'), 'times')).toBe('-')
      await access.subscriptions.change(commandLine, id, { to: null, area: null })
      expect(await seen(client('reader'), 'times')).toBe('all')
      await access.subscriptions.end(commandLine, id)
      expect(await seen(client('reader'), 'times')).toBe('-')
    })

    it('memberships, roles, and customers that are suspended', async () => {
      const accountId = await addPerson('follower', { owner: 'admin' })
      const who: Who = { ...person('stranger')(), accountId }
      const says = async () => {
        const scope = await find(who)
        return [scope.read('private'), scope.write('private')]
      }
      expect(await says()).toEqual(['all', 'all'])
      const { memberships, customers } = access
      await memberships.set(commandLine, { accountId, customerId: 'owner', role: 'viewer' })
      expect(await says()).toEqual(['all', 'none'])
      await customers.setSuspended(commandLine, 'owner', true)
      expect(await says()).toEqual(['none', 'none'])
      await customers.setSuspended(commandLine, 'owner', false)
      expect(await says()).toEqual(['all', 'none'])
      await memberships.remove(commandLine, accountId, 'owner')
      expect(await says()).toEqual(['none', 'none'])
    })
  })

  it('are at hand at once when they were found before', async () => {
    const scopes = createAccessScopes(access)
    const callers = [client('limited'), person('several')()].map((who) => callerOf(who))
    for (const caller of callers) {
      await scopes(caller)
      const again = scopes(caller)
      expect(again).not.toBeInstanceOf(Promise)
      expect(scopes({ ...caller })).toBe(again)
    }
    expect(scopes(null)).not.toBeInstanceOf(Promise)
  })
})
