import fc from 'fast-check'
import type { Feature, Point } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessScope, View } from '../../server/access/scopes/access-scope.ts'
import { wholeScope } from '../../server/access/scopes/whole-scope.ts'
import type { LonLat } from '../../server/geo/box.ts'
import type { FeatureChange, GenerationDefinition } from '../../server/maps/store/changes.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import type { MapStore } from '../../server/maps/store/map-store.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import type { SearchHit, SearchQuery } from '../../server/maps/store/search-query.ts'
import { rectangle, scopeOver, testCollection, text } from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'
import { jstsIntersects } from '../support/jsts.ts'
import {
  changes,
  expectedHits,
  features,
  pointAt,
  query,
  type SearchFeature,
  viewOf,
  writtenAs,
} from './search-cases.ts'

const definition: GenerationDefinition = {
  dimension: 0,
  schema: [
    text('region', { search: 'text' }),
    text('name', { search: 'name' }),
    // What is not said to be searched is not found.
    text('note'),
  ],
}

const everything = scopeOver('c0', 'c1')
const seeing = (view: View): AccessScope => ({ ...everything, read: () => view })

function stored({ id, geometry, name, region }: SearchFeature) {
  const properties = { name: writtenAs(name) || null, region: writtenAs(region), note: 'San 7' }
  return { id, geometry, properties }
}

const described = ({ collectionId, feature, match, metres }: SearchHit) => ({
  collectionId,
  id: (JSON.parse(feature) as Feature).id,
  match,
  metres,
})

describeDatabases('search', (kind, locate) => {
  let store: MapStore
  beforeAll(async () => {
    store = await openMapStore(await locate())
  })
  afterAll(() => store[Symbol.asyncDispose]())

  async function fill(collectionId: string, all: readonly SearchFeature[]): Promise<void> {
    await importFeatures(store, everything, collectionId, definition, all.map(stored))
  }

  async function fillNamed(names: Record<string, string>, at: LonLat = [0, 0]): Promise<void> {
    const all = Object.entries(names).map(([id, name]) => ({
      id,
      geometry: pointAt(at),
      properties: { name },
    }))
    await importFeatures(store, everything, 'c0', definition, all)
  }

  type Asked = Omit<SearchQuery, 'collectionIds' | 'limit'> & { limit?: number }

  async function findAll(asked: Asked, scope: AccessScope = everything) {
    const query = { limit: 10, ...asked, collectionIds: ['c0'] }
    const { hits, complete } = await store.search(scope, query)
    return { ids: hits.map((hit) => described(hit).id), complete }
  }

  async function find(asked: Asked, scope?: AccessScope): Promise<unknown[]> {
    return (await findAll(asked, scope)).ids
  }

  it('finds what it should, best first, and nothing else, whatever the area', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(features, { minLength: 1, maxLength: 2 }),
        changes,
        fc.array(query, { minLength: 4, maxLength: 8 }),
        async (initial, changed, queries) => {
          const collections = new Map(initial.map((all, index) => [`c${index}`, [...all]]))
          for (const [id, all] of collections) await fill(id, all)
          const first = collections.get('c0')!
          const write: FeatureChange[] = changed.flatMap(({ place, by }): FeatureChange[] => {
            const old = first[place]
            if (!old) return []
            if (!by) return [{ kind: 'delete', id: old.id, ifMatch: null }]
            const feature = stored({ ...by, id: old.id })
            return [{ kind: 'replace', id: old.id, feature, ifMatch: null }]
          })
          const outcome = await store.write(everything, 'c0', write)
          expect(outcome.kind).toBe('written')
          const after = first.flatMap((old, place) => {
            const change = changed.find((each) => each.place === place)
            if (!change) return [old]
            return change.by ? [{ ...change.by, id: old.id }] : []
          })
          collections.set('c0', after)
          for (const each of queries) {
            const asked: SearchQuery = {
              text: each.text,
              limit: each.limit,
              collectionIds: [...collections.keys()],
              ...(each.near && { near: each.near }),
              ...(each.box && { boxes: [each.box] }),
            }
            const { hits, complete } = await store.search(seeing(viewOf(each.layers)), asked)
            expect(complete).toBe(true)
            expect(hits.map(described), JSON.stringify(asked)).toEqual(
              expectedHits(each, collections).slice(0, each.limit),
            )
          }
        },
      ),
      { numRuns: kind === 'sqlite' ? 60 : 30 },
    )
  })

  it('finds the right ones among more than it reads at once', async () => {
    const all = Array.from({ length: 3_000 }, (_, place): SearchFeature => ({
      id: `f${String(place).padStart(4, '0')}`,
      name: [['San', 'san'], ...(place % 2 === 0 ? [] : [['a', 'a'] as const])],
      region: [],
      geometry: pointAt([((place * 7) % 3_000) / 100, 0]),
    }))
    await fill('c0', all)
    const area = rectangle(19.975, -1, 20.045, 1)
    const seen = all.filter(({ geometry }) => jstsIntersects(area, geometry))
    const exact = seen.filter(({ name }) => name.length === 1)
    const longer = seen.filter(({ name }) => name.length === 2)
    expect(await find({ text: 'san', limit: 5 }, seeing(viewOf([[area]])))).toEqual(
      [...exact, ...longer].slice(0, 5).map(({ id }) => id),
    )
    const nearest = all
      .filter(({ name }) => name.length === 2)
      .find(({ geometry }) => Math.abs((geometry as Point).coordinates[0]! - 20.008) < 0.01)
    expect(await find({ text: 'san a', limit: 1, near: [20.008, 0] })).toEqual([nearest!.id])
  })

  describe('of more than it looks at', () => {
    const places = (
      count: number,
      nameOf: (place: number) => string,
      at: (place: number) => LonLat,
    ) =>
      Array.from({ length: count }, (_, place) => ({
        id: `f${String(place).padStart(4, '0')}`,
        geometry: pointAt(at(place)),
        properties: { name: nameOf(place) },
      }))
    const put = (all: ReturnType<typeof places>) =>
      importFeatures(store, everything, 'c0', definition, all)
    const ids = (...numbers: number[]) => numbers.map((each) => `f${String(each).padStart(4, '0')}`)

    it('ranks the first by the alphabet, and of words those with the lowest keys', async () => {
      // The shorter names are the later ones.
      const nameOf = (place: number) =>
        `San ${String(place).padStart(3, '0')} ${'x'.repeat(60 - place)}`
      await put(places(60, nameOf, () => [0, 0]))
      expect(await find({ text: 'san', limit: 3, most: 20 })).toEqual(ids(19, 18, 17))
      expect(await find({ text: 'x', limit: 3, most: 20 })).toEqual(ids(19, 18, 17))
      expect(await find({ text: 'san', limit: 3 })).toEqual(ids(59, 58, 57))
    })

    it('says whether these were all', async () => {
      const nameOf = (place: number) => `San ${place}`
      await put(places(60, nameOf, (place) => [place, 0]))
      const isComplete = async (asked: Omit<Asked, 'text'>) =>
        (await findAll({ text: 'san', limit: 3, ...asked })).complete
      expect([await isComplete({ most: 60 }), await isComplete({ most: 59 })]).toEqual([
        true,
        false,
      ])
      const near: LonLat = [0, 0]
      expect([
        await isComplete({ near, most: 60 }),
        // Those around the point are few.
        await isComplete({ near, most: 59 }),
        await isComplete({ near, most: 2 }),
      ]).toEqual([true, true, false])
    })

    it('finds the nearest of a common word all the same', async () => {
      const nameOf = (place: number) => (place % 3 === 0 ? 'San' : `San ${1_000 - place}`)
      await put(places(1_000, nameOf, (place) => [((place * 7) % 1_000) / 10, 0]))
      for (const text of ['san', 'san 1', '1', 's']) {
        for (const near of [
          [33.33, 0.01],
          [0, 0],
          [99.9, 0],
        ] as LonLat[]) {
          const asked = { text, near, limit: 4 }
          expect(await find({ ...asked, most: 150 }), JSON.stringify(asked)).toEqual(
            await find(asked),
          )
        }
      }
    })

    it('gives the nearest of the first where too much else lies around the point', async () => {
      const nameOf = (place: number) =>
        place < 100 ? `San ${String(place).padStart(3, '0')}` : 'a'
      await put(places(300, nameOf, (place) => (place < 100 ? [50 - place / 10, 0] : [0, 0])))
      expect(await find({ text: 'san', near: [0, 0], limit: 2, most: 20 })).toEqual(ids(19, 18))
      expect(await find({ text: 'san', near: [0, 0], limit: 2 })).toEqual(ids(99, 98))
    })

    it('counts nothing that is not seen', async () => {
      const area = rectangle(10, -1, 20, 1)
      const scope = seeing(viewOf([[area, rectangle(60, -1, 61, 1)]]))
      const all = places(
        600,
        (place) => `San ${String((place * 7) % 600).padStart(3, '0')}`,
        (place) => [place / 10, 0],
      )
      const seen = all.filter(({ geometry }) => jstsIntersects(area, geometry))
      const queries = [
        { text: 'san' },
        { text: '0' },
        { text: 'san', near: [15.02, 0] as LonLat },
        { text: 'san', near: [0, 0] as LonLat },
        { text: 'san', boxes: [{ west: 0, south: -1, east: 15, north: 1 }] },
      ].map((query) => ({ ...query, limit: 5, most: 20 }))
      await put(seen)
      const alone = []
      for (const query of queries) alone.push(await find(query, scope))
      await put(all)
      for (const [index, query] of queries.entries()) {
        expect(await find(query, scope), JSON.stringify(query)).toEqual(alone[index])
      }
    })

    describe('of which hardly any are seen', () => {
      const CROWD = 3_000
      const area = rectangle(10, -1, 20, 1)
      const scope = seeing(viewOf([[area]]))
      const box = { west: 10, south: -1, east: 20, north: 1 }
      /** Those outside come first by the alphabet and by their keys; all in the area are San too. */
      const crowded = (seen: number) => [
        ...places(
          CROWD,
          (place) => `San ${String(place).padStart(4, '0')}`,
          (place) => [30 + place / 100, 0],
        ),
        ...places(
          seen,
          (place) => `San x${String(place).padStart(4, '0')}`,
          (place) => [10 + place / 100, 0],
        ).map((each) => ({ ...each, id: `in-${each.id}` })),
      ]
      const idsIn = (...numbers: number[]) => ids(...numbers).map((id) => `in-${id}`)

      it.each([
        ['few', 40],
        ['many', 900],
      ])('finds all that is seen where in the area there are %s', async (_, seen) => {
        await put(crowded(seen))
        const near: LonLat = [10.2, 0]
        // So few that it cannot get through what lies outside.
        const most = 599
        for (const asked of [{ text: 'san' }, { text: 'x000' }, { text: 'san', boxes: [box] }]) {
          const all = { ids: idsIn(0, 1), complete: true }
          expect(await findAll({ ...asked, limit: 2 }, scope)).toEqual(all)
          const bounded = await findAll({ ...asked, limit: 2, most }, scope)
          expect(bounded.complete, JSON.stringify(asked)).toBe(seen < most || asked.text === 'x000')
        }
        expect(await findAll({ text: 'san', near, limit: 1, most }, scope)).toEqual({
          ids: idsIn(20),
          complete: true,
        })
      })

      it('ends, and says so, where there are too many outside and in it', async () => {
        await put(crowded(900))
        expect(await findAll({ text: 'san', most: 550 }, scope)).toEqual({
          ids: [],
          complete: false,
        })
        expect(await findAll({ text: 'san', boxes: [box], most: 550 })).toEqual({
          ids: [],
          complete: false,
        })
      })

      it('gives the same whatever is outside, as long as it comes to its end', async () => {
        const asked = { text: 'san', limit: 3, most: 610 }
        await put(crowded(900).slice(CROWD - 100))
        const some = await findAll(asked, scope)
        await put(crowded(900))
        expect(await findAll(asked, scope)).toEqual(some)
        // What is seen is counted apart.
        expect(some).toEqual({ ids: idsIn(0, 1, 2), complete: false })
      })

      it('counts what is seen apart, so nobody fills up the rest himself', async () => {
        const rest = places(
          400,
          () => 'a',
          () => [15, 0],
        )
        await put([
          ...crowded(540)
            .slice(CROWD - 2_700)
            .toReversed(),
          ...rest.map((each) => ({ ...each, id: `rest-${each.id}` })),
        ])
        expect(await findAll({ text: 'san', limit: 1, most: 550 }, scope)).toEqual({
          ids: idsIn(0),
          complete: true,
        })
      })

      it('tells by where it ends nothing of names that are not seen', async () => {
        const own = places(
          900,
          (place) => (place < 5 ? `San m${place}` : 'a'),
          (place) => [10 + place / 100, 0],
        )
        const found = []
        for (const start of ['San a', 'San z']) {
          const others = places(
            CROWD,
            (place) => start + place,
            () => [30, 0],
          )
          await put([...own, ...others.map((each) => ({ ...each, id: `out-${each.id}` }))])
          found.push(await findAll({ text: 'san', most: 550 }, scope))
        }
        const all = { ids: ids(0, 1, 2, 3, 4), complete: false }
        expect(found).toEqual([all, all])
      })

      it('looks into few geometries, when they are long', async () => {
        const length = 4_000
        const line = Array.from({ length }, (_each, place) => [
          9 + (place / length) * 12,
          place % 2 === 0 ? 2 : 3,
        ])
        // The box of each touches the area; the line goes around it.
        const around = Array.from({ length: 60 }, (_each, place) => ({
          id: `l${place}`,
          geometry: { type: 'LineString' as const, coordinates: [[9, 0], ...line] },
          properties: { name: 'San' },
        }))
        const coordinates = [
          [15, 0],
          [16, 0],
        ]
        const inside = { type: 'LineString' as const, coordinates }
        const end = { id: 'end', geometry: inside, properties: { name: 'San' } }
        await importFeatures(store, everything, 'c0', { ...definition, dimension: 1 }, [
          ...around,
          end,
        ])
        expect(await findAll({ text: 'san' }, scope)).toEqual({ ids: ['end'], complete: true })
        expect(await findAll({ text: 'san', most: 20 }, scope)).toEqual({
          ids: [],
          complete: false,
        })
      })
    })

    it('shares what it looks at among collections', async () => {
      const nameOf = (place: number) =>
        `San ${String(place).padStart(3, '0')} ${'x'.repeat(60 - place)}`
      const all = places(60, nameOf, () => [0, 0])
      await put(all)
      await importFeatures(store, everything, 'c1', definition, all.slice(0, 5))
      const both = async (collectionIds: string[]) => {
        const { hits } = await store.search(everything, {
          text: 'san',
          limit: 5,
          most: 40,
          collectionIds,
        })
        return hits
          .map(described)
          .map(({ id }) => id)
          .slice(0, 1)
      }
      // Half of it, and what the first one left.
      expect(await both(['c0', 'c1'])).toEqual(ids(19))
      expect(await both(['c1', 'c0'])).toEqual(ids(34))
    })
  })

  it('gives as many as a page may have, at least one', async () => {
    const note = 'x'.repeat(3_000_000)
    const all = ['a', 'b', 'c', 'd'].map((id) => ({
      id,
      geometry: pointAt([0, 0]),
      properties: { name: `San ${id}`, note: id === 'd' ? note.repeat(3) : note },
    }))
    await importFeatures(store, everything, 'c0', definition, all)
    expect(await findAll({ text: 'san' })).toEqual({ ids: ['a', 'b'], complete: false })
    expect(await findAll({ text: 'san', limit: 2 })).toEqual({ ids: ['a', 'b'], complete: true })
    expect(await findAll({ text: 'san d' })).toEqual({ ids: ['d'], complete: true })
  })

  it('does not forget what only its geometry tells, though enough others follow', async () => {
    const coordinates = [
      [1, 1],
      [9, 9],
    ]
    const across = { type: 'LineString' as const, coordinates }
    const all = ['d', 'c', 'b', 'a'].map((id) => ({
      id,
      geometry: id === 'a' ? across : pointAt([1, 1]),
      properties: { name: 'San' },
    }))
    await importFeatures(store, everything, 'c0', definition, all)
    const scope = seeing(viewOf([[rectangle(0, 0, 2, 2)]]))
    expect(await find({ text: 'san', limit: 1 }, scope)).toEqual(['a'])
  })

  it('puts last what has no name', async () => {
    const named = (id: string, name: SearchFeature['name']): SearchFeature => ({
      id,
      name,
      region: [['San', 'san']],
      geometry: pointAt([0, 0]),
    })
    await fill('c0', [
      named('a', []),
      named('b', []),
      named('c', [['SANTA', 'santa']]),
      named('d', [['a', 'a']]),
    ])
    expect(await find({ text: 'san' })).toEqual(['c', 'd', 'a', 'b'])
    expect(await find({ text: 'san', near: [1, 1] })).toEqual(['c', 'd', 'a', 'b'])
    expect(await find({ text: 'san', limit: 2 })).toEqual(['c', 'd'])
  })

  it('swaps the words with the data, and not before the import is whole', async () => {
    await fillNamed({ a: 'Old town' })
    const begun = await store.beginGeneration(everything, 'c0', definition)
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    await using generation = begun.generation
    const geometry = pointAt([0, 0])
    await generation.add([{ id: 'a', geometry, properties: { name: 'New town' } }])
    expect([await find({ text: 'old' }), await find({ text: 'new' })]).toEqual([['a'], []])
    await generation.finish()
    expect([await find({ text: 'old' }), await find({ text: 'new' })]).toEqual([[], ['a']])
    await store.drop(everything, 'c0')
    expect(await find({ text: 'new' })).toEqual([])
  })

  it('shows nothing of what the scope does not show', async () => {
    await fillNamed({ a: 'San' })
    expect(await find({ text: 'san' }, seeing('none'))).toEqual([])
    expect(await find({ text: 'san' }, scopeOver('c1'))).toEqual([])
    const made = [testCollection('c0', { madeOf: 'c1' })]
    const limited: AccessScope = {
      ...wholeScope(() => made),
      read: () => viewOf([[rectangle(-1, -1, 1, 1)]]),
    }
    expect(await find({ text: 'san' }, limited)).toEqual([])
  })

  it('takes everything as text', async () => {
    await fillNamed({ a: 'San', b: 'A NOT B', c: 'San or a', d: "x'y" })
    for (const nothing of ['', '"', '*', "'", '\0', '{}()&|!<->', '\\', '%', '_', '\uD800', '’']) {
      expect(await find({ text: nothing }), JSON.stringify(nothing)).toEqual([])
    }
    for (const san of ['san"*', "san':*", 'san:*', '^san', 's\u00ADan', 'san\0', "san' | '"]) {
      expect(await find({ text: san }), JSON.stringify(san)).toEqual(['a', 'c'])
    }
    expect(await find({ text: 'NEAR(san or, 2)' })).toEqual([])
    expect(await find({ text: 'a NOT b' })).toEqual(['b'])
    expect(await find({ text: 'san OR a' })).toEqual(['c'])
    expect(await find({ text: 'name:san' })).toEqual([])
    expect(await find({ text: "x' y" })).toEqual(['d'])
    expect(await find({ text: 'x'.repeat(100_000) })).toEqual([])
    expect(await find({ text: 'a '.repeat(100) })).toEqual(['b', 'c'])
    const many = Array.from({ length: 100 }, (_, place) => String.fromCodePoint(0x4e_00 + place))
    expect(await find({ text: many.join(' ') })).toEqual([])
  })
})
