import type { Geometry } from 'geojson'
import { expect, it } from 'vitest'
import { createRows, type RowSource } from './feature-rows.ts'
import { geometryIn, idIn, propertiesIn, withProperties } from './feature-text.ts'

const names = ['name', ',"properties":{', '__proto__', '1', 'more']
const toRow = createRows(names.map((name) => ({ name, type: 'object' })))
const point: Geometry = { type: 'Point', coordinates: [1, 2] }

const sources: RowSource[] = [
  { id: 'a', geometry: point, properties: { name: 'n', more: { properties: { geometry: 1 } } } },
  { id: ',"properties":{},"geometry":', geometry: point, properties: { ',"properties":{': '}' } },
  {
    id: '"\\',
    geometry: { type: 'GeometryCollection', geometries: [point, point] },
    properties: JSON.parse('{"__proto__":",\\"properties\\":","1":[]}') as Record<string, unknown>,
  },
]

it.each(sources)('parts of the text of $id are those of the feature', (source) => {
  const { feature } = toRow(source)
  const whole = JSON.parse(feature) as RowSource
  expect(idIn(feature)).toBe(source.id)
  expect(JSON.parse(geometryIn(feature))).toEqual(source.geometry)
  expect(propertiesIn(feature)).toEqual(whole.properties)
  expect(JSON.parse(withProperties(feature, { b: 1 }))).toEqual({ ...whole, properties: { b: 1 } })
})
