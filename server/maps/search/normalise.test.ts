import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalise, splitTokens, wordsOf } from './normalise.ts'

describe('normalise', () => {
  it.each([
    ['Łódź', 'lodz'],
    ['SÃO  Paulo!', 'sao paulo'],
    ['Straße', 'strasse'],
    ['GROẞBERG', 'grossberg'],
    ['Ærøskøbing', 'aeroskobing'],
    ['İzmir', 'izmir'],
    ['Diyarbakır', 'diyarbakir'],
    ['Þórshöfn', 'thorshofn'],
    ['Αθήνα', 'αθηνα'],
    ['Λευκός', 'λευκοσ'],
    ['ΛΕΥΚΟΣ', 'λευκοσ'],
    ['Орёл', 'орел'],
    ['القَاهِرَة', 'القاهرة'],
    ['יְרוּשָׁלַיִם', 'ירושלים'],
    ['दिल्ली', 'दिल्ली'],
    ['東京都', '東京都'],
    ['ｶﾞﾙﾀ　１２', 'ガルタ 12'],
    ['서울', '서울'],
    ["Coeur d'Alene", 'coeur dalene'],
    ['Hawaiʻi', 'hawaii'],
    ['co\u00ADop\u200D', 'coop'],
    ['Baden-Baden (Süd)', 'baden baden sud'],
    ['№ 5', 'no 5'],
    ['👍 — \u0000 \uD800', ''],
    ['', ''],
    ['\u0301', ''],
  ])('makes %j %j', (text, normalised) => {
    expect(normalise(text)).toBe(normalised)
  })

  it('is the same when done again, and holds only letters, digits and marks between single spaces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const normalised = normalise(text)
        expect(normalised).toMatch(
          /^([\p{L}\p{N}][\p{L}\p{N}\p{M}]*( [\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*)?$/u,
        )
        expect(normalised.length).toBeLessThanOrEqual(200)
        expect(normalise(normalised)).toBe(normalised)
      }),
      { numRuns: 200 },
    )
  })

  it('bounds what becomes of long texts', () => {
    expect(normalise('x'.repeat(10_000))).toBe('x'.repeat(64))
    expect(normalise('\u{20000}'.repeat(10_000)).length).toBe(64)
    expect(normalise('\uFDFA'.repeat(10_000)).length).toBeLessThanOrEqual(200)
    expect(wordsOf(Array.from({ length: 1_000 }, (_, index) => `word${index}`))).toHaveLength(200)
    expect(wordsOf(['字'.repeat(10_000)]).length).toBeLessThanOrEqual(200)
  })
})

describe('wordsOf', () => {
  it('gives each token once', () => {
    expect(wordsOf(['Baden-Baden', 'baden süd'])).toEqual(['baden', 'sud'])
  })

  it('gives also the parts that apostrophes join', () => {
    expect(wordsOf(["Coeur d'Alene"])).toEqual(['coeur', 'dalene', 'd', 'alene'])
  })

  it('gives also the endings in scripts without spaces', () => {
    expect(wordsOf(['東京都 Tokyo'])).toEqual(['東京都', '京都', '都', 'tokyo'])
    expect(wordsOf(['서울시'])).toEqual(['서울시'])
  })
})

describe('splitTokens', () => {
  it('gives none of an empty text', () => {
    expect(splitTokens('')).toEqual([])
    expect(splitTokens('a b')).toEqual(['a', 'b'])
  })
})
