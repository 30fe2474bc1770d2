import { describe, expect, it } from 'vitest'
import { Problem } from '../../protocol/problem.ts'
import type { Property } from '../store/collection-state.ts'
import { parseFeature } from './parse-feature.ts'

const schema: readonly Property[] = [
  { name: 'name', type: 'string' },
  { name: 'height', type: 'number' },
  { name: 'floors', type: 'integer' },
  { name: 'listed', type: 'boolean' },
  { name: 'tags', type: 'object' },
  { name: 'built', type: 'string', format: 'date', role: 'start' },
  { name: 'gone', type: 'string', format: 'date', role: 'end' },
  { name: 'seen', type: 'string', format: 'date-time' },
  { name: 'page', type: 'string', format: 'uri' },
]
const feature = {
  type: 'Feature',
  id: 'a',
  geometry: { type: 'Point', coordinates: [1, 2] },
  properties: { name: 'A' },
}

const judge = { schema, dimension: 0 } as const
const withProperties = (properties: unknown) => ({ ...feature, properties })

function faultOf(value: unknown, path = ''): string | undefined {
  try {
    parseFeature(value, path, judge)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(Problem)
    expect((error as Problem).status).toBe(400)
    return (error as Problem).message
  }
}

describe('a feature that is sent', () => {
  it('is taken with what the schema knows', () => {
    const properties = {
      name: 'A',
      height: 1.5,
      floors: -3,
      listed: true,
      tags: { any: ['thing'] },
      built: '1901-02-03',
      gone: '1999-01-01',
      seen: '2026-01-31T12:00:00+01:00',
      page: 'https://example.com/a',
    }
    expect(parseFeature({ ...withProperties(properties), bbox: [], links: [] }, '', judge)).toEqual(
      {
        id: 'a',
        geometry: feature.geometry,
        properties,
      },
    )
  })

  it('has times that can be read', () => {
    const loose: Property[] = [{ name: 'since', type: 'string', role: 'start' }]
    const parse = (since: string) =>
      parseFeature(withProperties({ since }), '', { ...judge, schema: loose })
    expect(parse('1911').properties).toEqual({ since: '1911' })
    expect(() => parse('summer 1911')).toThrow(/properties\.since.* must be a time such as/)
  })

  it('may lack an id, properties, and values', () => {
    const { id, properties, geometry } = parseFeature(
      { type: 'Feature', geometry: feature.geometry, properties: null },
      '',
      judge,
    )
    expect({ id, properties, geometry }).toEqual({ id: null, properties: {}, geometry })
    expect(parseFeature({ ...feature, id: 7 }, '', judge).id).toBe('7')
    expect(parseFeature(withProperties({ name: null, page: null }), '', judge).id).toBe('a')
  })

  it.each([
    [null, 'body: must be a GeoJSON feature'],
    [[feature], 'body: must be a GeoJSON feature'],
    [{ ...feature, type: 'feature' }, 'type: must be "Feature"'],
    [{ ...feature, id: '' }, 'id: must be a text of 1 to 128'],
    [{ ...feature, id: 'x'.repeat(129) }, 'id: must be a text of 1 to 128'],
    [{ ...feature, id: 'a\nb' }, 'id: must be a text of 1 to 128'],
    [{ ...feature, id: {} }, 'id: must be a text of 1 to 128'],
    [{ ...feature, crs: { type: 'name' } }, 'crs: must be left out'],
    [{ ...feature, geometry: null }, 'geometry: is missing'],
    [{ ...feature, geometry: 'here' }, 'geometry: must be a GeoJSON geometry'],
    [{ ...feature, geometry: { type: 'Point', coordinates: [200, 0] } }, 'geometry.coordinates'],
    [
      {
        ...feature,
        geometry: {
          type: 'LineString',
          coordinates: [
            [0, 0],
            [1, 1],
          ],
        },
      },
      'geometry.type: must be Point or MultiPoint in this collection, not LineString',
    ],
    [withProperties([]), 'properties: must be an object'],
    [withProperties({ nmae: 'A' }), 'properties.nmae: is not a property of this collection (name,'],
    [withProperties({ name: 1 }), 'properties.name: must be a text'],
    [withProperties({ height: '1' }), 'properties.height: must be a number'],
    [withProperties({ floors: 1.5 }), 'properties.floors: must be an integer'],
    [{ ...feature, id: 9007199254740993n }, 'id: is a number beyond ±2^53'],
    [{ ...feature, id: 2 ** 53 }, 'id: is a number beyond ±2^53'],
    [{ ...feature, id: Infinity }, 'id: is a number beyond ±2^53'],
    [withProperties({ height: 9007199254740993n }), 'properties.height: must be within ±2^53'],
    [withProperties({ height: Infinity }), 'properties.height: must be within ±1.8e308'],
    [withProperties({ floors: 9007199254740993n }), 'properties.floors: must be within ±2^53'],
    [withProperties({ floors: 2 ** 53 }), 'properties.floors: must be within ±2^53'],
    [withProperties({ name: 9007199254740993n }), 'properties.name: must be a text'],
    [withProperties({ tags: 9007199254740993n }), 'properties.tags: must be within ±2^53'],
    [
      withProperties({ tags: { a: [1, 9007199254740993n] } }),
      'properties.tags: must be within ±2^53 to be kept exactly, or be written as a text, at .a[1]',
    ],
    [
      withProperties({ tags: [{ b: -Infinity }] }),
      'properties.tags: must be within ±1.8e308, at [0].b',
    ],
    [withProperties({ listed: 1 }), 'properties.listed: must be true or false'],
    [withProperties({ built: '2026-02-30' }), 'properties.built: must be a date'],
    [withProperties({ seen: '2026-01-31' }), 'properties.seen: must be an RFC 3339 date-time'],
    [withProperties({ page: 'here' }), 'properties.page: must be an absolute URI'],
    [
      withProperties({ built: '2026-01-31', gone: '2026-01-30' }),
      'properties.gone: must not be before the start',
    ],
    [withProperties(JSON.parse('{"__proto__": {}}')), 'properties.__proto__: is not a property'],
    [withProperties({ constructor: 1 }), 'properties.constructor: is not a property'],
  ])('is refused: %o', (value, fault) => {
    expect(faultOf(value)).toContain(fault)
  })

  it('is named by its place, and long names are cut short', () => {
    expect(faultOf(withProperties({ name: 1 }), 'features[3]')).toMatch(
      /^features\[3\]\.properties\.name: /,
    )
    expect(faultOf(withProperties({ ['x'.repeat(10_000)]: 1 }))!.length).toBeLessThan(400)
  })
})
