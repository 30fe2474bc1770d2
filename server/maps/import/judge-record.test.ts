import { describe, expect, it } from 'vitest'
import type { Property } from '../store/collection-state.ts'
import { contentId, judgementOf, judgeRecord } from './judge-record.ts'
import type { SourceRecord } from './readers/reading.ts'

const schema: Property[] = [
  { name: 'ref', type: 'string' },
  { name: 'size', type: 'integer' },
  { name: 'more', type: 'object' },
  { name: 'from', type: 'string', role: 'start' },
  { name: 'to', type: 'string', role: 'end' },
]
const point = { type: 'Point', coordinates: [12, 55] }
const judge = (record: Partial<SourceRecord>, rules = judgementOf(schema, 0)) =>
  judgeRecord({ geometry: point, properties: {}, ...record }, rules)

describe('judgeRecord', () => {
  it('takes ids as texts and numbers, or none', () => {
    expect(judge({ id: 7 })).toMatchObject({ id: '7', geometry: point })
    expect(judge({ id: 'é/1' })).toMatchObject({ id: 'é/1' })
    expect(judge({})).toMatchObject({ id: null })
    const byRef = judgementOf([{ ...schema[0]!, role: 'external-id' }, ...schema.slice(1)], 0)
    expect(judge({ id: 1, properties: { ref: 'A' } }, byRef)).toMatchObject({ id: 'A' })
    expect(judge({ id: 1 }, byRef)).toBe('properties: "ref" is missing: it is the id')
  })

  it.each([
    [{ id: '' }, /^id must be/],
    [{ id: 'x'.repeat(129) }, /^id must be/],
    [{ id: 'a\nb' }, /^id must be/],
    [{ id: 9007199254740993n }, /^id is a number beyond ±2\^53.*as a text/],
    [{ id: 2 ** 53 }, /^id is a number beyond ±2\^53.*as a text/],
    [
      { properties: { size: 9007199254740993n } },
      /^properties: "size" must be within ±2\^53.* as a text, not 9007199254740993$/,
    ],
    [
      { properties: { more: { a: [1, 9007199254740993n] } } },
      /^properties: "more" must be within ±2\^53.* as a text, at \.a\[1\], not .*9007199254740993/,
    ],
    [
      JSON.parse('{"properties":{"size":1e400}}') as object,
      /^properties: "size" must be an integer, not one beyond 1\.8e308$/,
    ],
    [{ geometry: null }, /^geometry: is missing/],
    [{ geometry: 'POINT (1 2)' }, /^geometry must be a GeoJSON geometry/],
    [
      { geometry: { type: 'Point', coordinates: [181, 0] } },
      /^geometry: coordinates .*longitude 181/,
    ],
    [
      {
        geometry: {
          type: 'LineString',
          coordinates: [
            [0, 0],
            [1, 1],
          ],
        },
      },
      /^geometry: type is LineString where the collection holds points/,
    ],
    [{ properties: { size: 'big' } }, /^properties: "size" must be an integer, not "big"/],
    [{ properties: { colour: 'red' } }, /^properties: "colour" is one too many/],
    [{ properties: { '': 1 } }, /empty name/],
    [{ properties: { ['x'.repeat(10_000)]: 1 } }, /a name has 10000 characters/],
    [
      { properties: { from: 'summer 1911' } },
      /^properties: "from" must be a time such as .*, not "summer 1911"$/,
    ],
    [{ properties: { from: '2026-02-01', to: '2026-01-01' } }, /ends before it starts/],
  ])('says what is wrong with %o', (record, reason) => {
    expect(judge(record as Partial<SourceRecord>)).toMatch(reason)
  })
})

it('makes the same id of the same content, and another of the next that says it too', () => {
  const feature = {
    id: null,
    geometry: { type: 'Point', coordinates: [1, 2] } as const,
    properties: { a: 1 },
  }
  const feature2 = structuredClone(feature) as unknown as Parameters<typeof contentId>[0]
  expect(contentId(feature2, 0)).toMatch(/^[0-9a-f]{24}$/)
  expect(contentId(feature2, 0)).toBe(contentId(structuredClone(feature2), 0))
  const ids = [0, 1, 2].map((occurrence) => contentId(feature2, occurrence))
  expect(new Set(ids).size).toBe(3)
})
