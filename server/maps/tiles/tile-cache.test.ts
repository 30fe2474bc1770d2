import { describe, expect, it } from 'vitest'
import type { MapChange } from '../store/changes.ts'
import { createTileCache, type Drawing, type StartedDrawing } from './tile-cache.ts'

/** A store's changes, as many as are put into it. */
function createChanges() {
  const changes: MapChange[] = []
  let lost = false
  return {
    add(collectionId: string, boxes: MapChange['boxes']) {
      changes.push({ collectionId, boxes, revision: changes.length + 1 })
    },
    lose: () => (lost = true),
    revision: () => changes.length,
    revisionAtHand: () => null,
    async changesSince(revision: number) {
      if (lost && revision > 0) {
        lost = false
        return 'lost' as const
      }
      const news = revision === 0 ? [] : changes.filter((change) => change.revision > revision)
      return { revision: changes.length, changes: news }
    },
  }
}

const box = (west: number) => ({ west, south: 0, east: west + 1, north: 1 })
const here = { key: 'here', collectionId: 'c', boxes: [box(0)], caller: 'a' }

function setUp(maximumBytes = 1_000_000) {
  const changes = createChanges()
  changes.add('c', null)
  const cache = createTileCache({ store: changes, maximumBytes })
  let drawn = 0
  const drawing = async (): Promise<Drawing> => {
    drawn++
    const tile = { bytes: Buffer.alloc(1_000), gzip: null, etag: String(drawn), thinned: null }
    return { tile, revision: changes.revision() }
  }
  const draw = () => started(drawing())
  return { changes, cache, draw, drawing, drawn: () => drawn }
}

const started = (drawing: Promise<Drawing>): StartedDrawing => ({ drawing, share: () => {} })

describe('a drawn tile', () => {
  it('is kept', async () => {
    const { cache, draw, drawn } = setUp()
    const first = await cache.find(here, draw)
    expect(await cache.find(here, draw)).toBe(first)
    expect(drawn()).toBe(1)
  })

  it.each([
    ['touches it', 'c', [box(0.5)], 2],
    ['is elsewhere', 'c', [box(5)], 1],
    ['is of another collection', 'd', [box(0)], 1],
    ['is an import', 'c', null, 2],
    ['has many boxes', 'c', Array.from({ length: 100 }, (_, index) => box(index - 50)), 2],
  ])('after a change that %s', async (_, collectionId, boxes, expected) => {
    const { changes, cache, draw, drawn } = setUp()
    await cache.find(here, draw)
    changes.add(collectionId, boxes)
    await cache.find(here, draw)
    expect(drawn()).toBe(expected)
  })

  it('is forgotten when nobody knows what changed', async () => {
    const { changes, cache, draw, drawn } = setUp()
    await cache.find(here, draw)
    changes.lose()
    await cache.find(here, draw)
    expect(drawn()).toBe(2)
    await cache.find(here, draw)
    expect(drawn()).toBe(2)
  })

  it('is shared by those who ask at the same time', async () => {
    const { cache, draw, drawn } = setUp()
    const sharing: string[] = []
    const share = (caller: string) => sharing.push(caller)
    const tiles = await Promise.all([
      cache.find(here, () => ({ ...draw(), share })),
      cache.find({ ...here, caller: 'b' }, draw),
    ])
    expect(tiles[1]).toBe(tiles[0])
    expect(drawn()).toBe(1)
    expect(sharing).toEqual(['b'])
  })

  it('is neither kept nor shared when a change overtakes it', async () => {
    const { changes, cache, draw, drawing, drawn } = setUp()
    const held = Promise.withResolvers<void>()
    const slow = cache.find(here, () =>
      started(drawing().then((done) => held.promise.then(() => done))),
    )
    while (drawn() === 0) await Promise.resolve()
    changes.add('c', [box(0)])
    const quick = await cache.find(here, draw)
    held.resolve()
    expect((await slow).etag).toBe('1')
    expect(quick.etag).toBe('2')
    expect((await cache.find(here, draw)).etag).toBe('2')
  })

  it('is not kept when it was overtaken before anybody else asked', async () => {
    const { changes, cache, draw, drawing, drawn } = setUp()
    await cache.find(here, () => {
      const overtaken = drawing()
      changes.add('c', [box(0)])
      return started(overtaken)
    })
    await cache.find(here, draw)
    expect(drawn()).toBe(2)
  })

  it('that failed is drawn again', async () => {
    const { cache, draw } = setUp()
    const failing = () => started(Promise.reject(new Error('no')))
    await expect(cache.find(here, failing)).rejects.toThrow('no')
    expect((await cache.find(here, draw)).etag).toBe('1')
  })
})

it('keeps no more than it may', async () => {
  const { cache, draw, drawn } = setUp(10_000)
  const place = (index: number) => ({ ...here, key: `tile ${index}` })
  for (let index = 0; index < 20; index++) await cache.find(place(index), draw)
  await cache.find(place(19), draw)
  expect(drawn()).toBe(20)
  await cache.find(place(0), draw)
  expect(drawn()).toBe(21)
})

it('looks at no tile that nobody asks for when much has changed', async () => {
  const { changes, cache, draw, drawn } = setUp(10_000_000)
  let looks = 0
  const place = (index: number) => ({
    ...here,
    key: `tile ${index}`,
    box: {
      ...box(index),
      get west() {
        looks++
        return index
      },
      get east() {
        looks++
        return index + 1
      },
    },
  })
  const places = Array.from({ length: 1_000 }, (_, index) => place(index))
  for (const each of places) await cache.find(each, draw)
  for (let index = 0; index < 100; index++) changes.add('c', [box(5_000 + index)])
  looks = 0
  await cache.find(places[7]!, draw)
  expect(looks).toBeLessThanOrEqual(400)
  // What has been looked at once is known.
  looks = 0
  await cache.find(places[7]!, draw)
  expect(looks).toBe(0)
  expect(drawn()).toBe(1_000)
})

it('keeps nothing when it may not', async () => {
  const { cache, draw, drawn } = setUp(0)
  await cache.find(here, draw)
  await cache.find(here, draw)
  expect(drawn()).toBe(2)
})
