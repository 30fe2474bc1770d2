import { describe, expect, it } from 'vitest'
import type { Property } from '../store/collection-state.ts'
import type { ImportOptions } from './import-options.ts'
import { MOST_PROPERTIES, SchemaSketch } from './schema-sketch.ts'

const options: ImportOptions = { format: 'geojson' }
const point = { type: 'Point', coordinates: [1, 2] }

function schemaOf(features: object[], known: Property[] = [], more: Partial<ImportOptions> = {}) {
  const sketch = new SchemaSketch(known)
  for (const properties of features) sketch.add(point, properties as Record<string, unknown>)
  return sketch.schema({ ...options, ...more })
}

describe('SchemaSketch', () => {
  it('gives each property the narrowest type of all its values', () => {
    expect(
      schemaOf([
        { a: 1, b: 1, c: 'x', d: true, e: [1], f: null, g: 1 },
        { b: 1.5, c: null, g: 'x', h: 2 ** 60 },
      ]),
    ).toEqual([
      { name: 'a', type: 'integer' },
      { name: 'b', type: 'number' },
      { name: 'c', type: 'string' },
      { name: 'd', type: 'boolean' },
      { name: 'e', type: 'object' },
      { name: 'f', type: 'string' },
      { name: 'g', type: 'object' },
      { name: 'h', type: 'number' },
    ])
  })

  it('takes values of several types for text where all of them are', () => {
    const sketch = new SchemaSketch([], 'string')
    for (const value of [7, 'a']) sketch.add(point, { code: value, size: 7 })
    for (const value of [true, 1.5])
      sketch.add(point, { mixed: value, size: value === true ? 1 : 2.5 })
    expect(sketch.schema(options)).toEqual([
      { name: 'code', type: 'string' },
      { name: 'size', type: 'number' },
      { name: 'mixed', type: 'string' },
    ])
  })

  it('searches what the last import names, and what was searched before if it names nothing', () => {
    const searched = schemaOf([{ name: 'a', kind: 'b', note: 'c' }], [], { search: ['kind'] })
    const roles = (schema: Property[]) => schema.map(({ search }) => search)
    expect(roles(searched)).toEqual(['name', 'text', undefined])
    expect(roles(schemaOf([], searched))).toEqual(['name', 'text', undefined])
    expect(roles(schemaOf([], searched, { search: ['note'] }))).toEqual(['name', undefined, 'text'])
  })

  it('keeps what was known, and adds what is new behind it', () => {
    const known: Property[] = [
      { name: 'size', type: 'string', title: 'Size' },
      { name: 'gone', type: 'integer' },
    ]
    expect(schemaOf([{ fresh: 1, size: 2 }], known)).toEqual([
      ...known,
      { name: 'fresh', type: 'integer' },
    ])
  })

  it('takes meanings from options, and from usual names', () => {
    const named = schemaOf(
      [{ ref: 'a', name: 'b', level: 1, kind: 'c', since: '2026-01-01' }],
      [],
      {
        idProperty: 'ref',
        search: ['kind'],
        start: 'since',
      },
    )
    expect(named).toEqual([
      { name: 'ref', type: 'string', role: 'external-id' },
      { name: 'name', type: 'string', search: 'name' },
      { name: 'level', type: 'integer', role: 'level' },
      { name: 'kind', type: 'string', search: 'text' },
      { name: 'since', type: 'string', role: 'start' },
    ])
    // Another import says something else: one property has a role.
    const again = schemaOf([], named, { idProperty: 'kind' })
    expect(again.map(({ role }) => role)).toEqual([
      undefined,
      undefined,
      'level',
      'external-id',
      'start',
    ])
  })

  it('has the dimension of most geometries, and no more properties than allowed', () => {
    const sketch = new SchemaSketch([])
    expect(sketch.dimension()).toBeNull()
    sketch.add({ type: 'Polygon' }, {})
    sketch.add({ type: 'MultiPolygon' }, {})
    sketch.add(point, {})
    sketch.add({ type: 'constructor' }, { ['x'.repeat(201)]: 1, '': 2 })
    expect(sketch.dimension()).toBe(2)
    for (let index = 0; index < 2_000; index++) sketch.add(null, { [`p${index}`]: 1 })
    expect(sketch.schema(options)).toHaveLength(MOST_PROPERTIES)
  })
})
