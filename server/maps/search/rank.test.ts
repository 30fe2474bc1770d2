import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareRanks, lengthOf, matchOf, metresToBox, type Ranked, wantedOf } from './rank.ts'
import { searchedOf, searchRowOf } from './search-row.ts'

const searched = searchedOf([
  { name: 'state', search: 'text' },
  { name: 'name', search: 'name' },
  { name: 'aliases', search: 'text' },
  { name: 'secret' },
])!

function rowOf(properties: Record<string, unknown>) {
  return searchRowOf(
    searched,
    { key: 1, id: 'a', west: 0, south: 0, east: 0, north: 0 },
    properties,
  )
}

describe('matchOf', () => {
  const place = {
    name: 'San José',
    state: "Coeur d'Alene",
    aliases: ['東京都', 7],
    secret: 'hidden',
  }
  it.each([
    ['san jose', 'exact'],
    ['SAN-JOSÉ', 'exact'],
    ['san j', 'prefix'],
    ['s', 'prefix'],
    ['jose', 'word'],
    ['jose san', 'word'],
    ['san san', 'word'],
    ['alene san', 'word'],
    ['dalene', 'word'],
    ['京都', 'word'],
    ['7', 'word'],
    ['ose', null],
    ['san jose x', null],
    ['sanjose', null],
    ['hidden', null],
  ])('judges %j as %j', (query, match) => {
    expect(matchOf(wantedOf(query)!, rowOf(place)!)).toBe(match)
  })

  it('finds what has no name by its other properties', () => {
    expect(matchOf(wantedOf('alone')!, rowOf({ name: null, state: 'Alone' })!)).toBe('word')
  })
})

describe('searchRowOf', () => {
  it('keeps nothing of what cannot be found', () => {
    expect(rowOf({ name: '…', state: null, aliases: [{}, [['x']]], secret: 'x' })).toBeNull()
    expect(searchedOf([{ name: 'secret' }])).toBeNull()
  })
})

describe('wantedOf', () => {
  it('wants nothing of a text without letters and digits', () => {
    expect(wantedOf(' *":(')).toBeNull()
  })
})

describe('compareRanks', () => {
  const worst: Ranked = { match: 'word', metres: 9, length: Infinity, id: 'b', collectionId: 'b' }
  it.each<Partial<Ranked>>([
    { match: 'prefix', metres: 99 },
    { metres: 8, id: 'c' },
    { length: 7, id: 'c' },
    { id: 'a', collectionId: 'c' },
    { collectionId: 'a' },
  ])('puts first what has %j', (better) => {
    expect(compareRanks({ ...worst, ...better }, worst)).toBeLessThan(0)
    expect(compareRanks(worst, { ...worst, ...better })).toBeGreaterThan(0)
  })

  it('compares ids as UTF-8 does', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', 'é', '\uFFFD', '\u{1F600}', '\u{1F601}'),
          maxLength: 4,
        }),
        fc.string({
          unit: fc.constantFrom('a', 'é', '\uFFFD', '\u{1F600}', '\u{1F601}'),
          maxLength: 4,
        }),
        (a, b) => {
          const compared = compareRanks({ ...worst, id: a }, { ...worst, id: b })
          expect(Math.sign(compared)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('lengthOf', () => {
  it('counts characters', () => {
    expect(lengthOf('\u{20000}a')).toBe(2)
    expect(lengthOf('')).toBe(Infinity)
  })
})

describe('metresToBox', () => {
  const box = { west: 170, south: -10, east: 180, north: 10 }
  it('is nothing within, and leads over the antimeridian', () => {
    expect(metresToBox([175, 10], box)).toBe(0)
    expect(metresToBox([-179, 0], box)).toBeCloseTo(111_195, 0)
    expect(metresToBox([175, 11], box)).toBeCloseTo(111_195, 0)
    expect(metresToBox([169, 0], box)).toBeCloseTo(111_195, 0)
  })
})
