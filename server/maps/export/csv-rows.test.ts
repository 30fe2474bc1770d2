import fc from 'fast-check'
import type { Geometry } from 'geojson'
import { expect, it } from 'vitest'
import { testCollection } from '../../../test/support/collections.ts'
import { readCsv } from '../import/readers/csv.ts'
import type { CollectionState, Property } from '../store/collection-state.ts'
import { csvHeader, csvRow } from './csv-rows.ts'

const degrees = fc.integer({ min: -8_000, max: 8_000 }).map((value) => value / 100)
const place = fc.tuple(degrees, degrees)
const point = fc
  .oneof(place, fc.tuple(degrees, degrees, degrees))
  .map((coordinates): Geometry => ({ type: 'Point', coordinates }))
const points = fc
  .array(place, { minLength: 1, maxLength: 3 })
  .map((coordinates): Geometry => ({ type: 'MultiPoint', coordinates }))
const polygon = place.map(([x, y]): Geometry => ({
  type: 'Polygon',
  coordinates: [
    [
      [x, y],
      [x + 1, y],
      [x + 1, y + 1],
      [x, y],
    ],
  ],
}))

/** Some that mean something in a header, and what would be taken for them. */
const names = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom('id', 'ID', 'x', 'y', 'lon', 'lat', 'longitude', 'Latitude', 'geometry'),
    fc.constantFrom('properties.id', 'properties.properties.id', 'properties.name', '__proto__'),
    fc.constantFrom('a;b;c;d;e', 'tab\tand\ttab', 'quo"te', 'name'),
  ),
  { maxLength: 6 },
)
const values: Record<Property['type'], fc.Arbitrary<unknown>> = {
  // An empty text and none at all look the same in CSV.
  string: fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom(' a', '7', 'true', '"', '\r\n,;')),
  integer: fc.integer(),
  number: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
  boolean: fc.boolean(),
  object: fc.constantFrom([1, 'a'], { a: null }, 5, [], '[1', 'plain', '{"a":1}', '5', 'true', ''),
}
const types = fc.constantFrom<Property['type'][]>(
  'string',
  'integer',
  'number',
  'boolean',
  'object',
)

async function read(text: string, schema: readonly Property[]) {
  const readings = []
  const known = new Map(schema.map(({ name, type }) => [name, type]))
  async function* chunks() {
    yield Buffer.from(text)
  }
  for await (const reading of readCsv(chunks(), { types: known })) readings.push(reading)
  return readings
}

it('is read again as it was, whatever properties are called and where features lie', async () => {
  const cases = fc
    .tuple(fc.constantFrom(0, 2), names, fc.infiniteStream(types))
    .chain(([dimension, called, kinds]) => {
      const schema = called.map((name): Property => ({ name, type: kinds.next().value! }))
      const properties = fc.tuple(...schema.map(({ type }) => fc.option(values[type])))
      const geometry = dimension === 0 ? fc.oneof(point, points) : polygon
      return fc.record({
        dimension: fc.constant(dimension),
        schema: fc.constant(schema),
        features: fc.array(fc.record({ geometry, properties }), { minLength: 1, maxLength: 4 }),
      })
    })
  await fc.assert(
    fc.asyncProperty(cases, async ({ dimension, schema, features }) => {
      const state: CollectionState = {
        collection: testCollection('c'),
        generation: 1,
        schema,
        dimension,
        featureCount: features.length,
        extent: null,
        interval: null,
      }
      const all = features.map(({ geometry, properties }, index) => ({
        id: `f${index}`,
        geometry,
        properties: Object.fromEntries(
          schema.map(({ name }, at) => [name, properties[at] ?? null]),
        ),
      }))
      const rows = all.map((each) => csvRow(state, JSON.stringify({ type: 'Feature', ...each })))
      const readings = await read(csvHeader(state) + rows.join(''), schema)
      const again = readings.map((reading) => ('value' in reading ? reading.value : reading.fault))
      expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(JSON.stringify(all)))
    }),
  )
})
