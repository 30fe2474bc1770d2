import type { CollectionState, Property } from '../store/collection-state.ts'
import { isFilterable } from './property-filters.ts'

/**
 * A collection's properties as JSON Schema (23-058r1, Schemas): what features have, what they can be
 * filtered by, and what a feature that is sent has to look like.
 */

/** @param href where it is: its `$id` */
export function schemaOf(state: CollectionState, href: string): object {
  return {
    ...headOf(state, href),
    properties: {
      geometry: { ...geometryOf(state), 'x-ogc-role': 'primary-geometry' },
      ...propertiesOf(state.schema),
    },
    additionalProperties: false,
  }
}

export function queryablesOf(state: CollectionState, href: string): object {
  return {
    ...headOf(state, href),
    properties: propertiesOf(state.schema.filter(isFilterable)),
    additionalProperties: false,
  }
}

/** Of a GeoJSON feature that is sent. 20-002r1 §9.6 asks for that of its properties alone. */
export function featureSchemaOf(state: CollectionState, href: string): object {
  const properties = Object.entries(propertiesOf(state.schema)).map(([name, schema]) => [
    name,
    { anyOf: [schema, { type: 'null' }] },
  ])
  return {
    ...headOf(state, href),
    required: ['type', 'geometry', 'properties'],
    properties: {
      type: { const: 'Feature' },
      id: { type: 'string', minLength: 1, maxLength: 128 },
      geometry: geometryOf(state),
      properties: {
        type: ['object', 'null'],
        properties: Object.fromEntries(properties),
        additionalProperties: false,
      },
    },
  }
}

function headOf({ collection: { title, description } }: CollectionState, href: string) {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: href,
    type: 'object',
    title,
    description,
  }
}

function geometryOf({ dimension }: CollectionState): object {
  return { format: dimension === null ? 'geometry-any' : FORMATS[dimension] }
}

const FORMATS = {
  0: 'geometry-point-or-multipoint',
  1: 'geometry-linestring-or-multilinestring',
  2: 'geometry-polygon-or-multipolygon',
}

function propertiesOf(schema: readonly Property[]): Record<string, object> {
  const entries = schema.map((property, index) => [property.name, propertyOf(property, index)])
  return Object.fromEntries(entries) as Record<string, object>
}

function propertyOf({ type, format, title, description, role }: Property, index: number): object {
  return {
    // Of JSON that may be anything nothing is said.
    ...(type !== 'object' && { type }),
    ...(format && { format }),
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(role && ROLES[role] !== undefined && { 'x-ogc-role': ROLES[role] }),
    'x-ogc-propertySeq': index + 1,
  }
}

const ROLES: Partial<Record<NonNullable<Property['role']>, string>> = {
  start: 'primary-interval-start',
  end: 'primary-interval-end',
  instant: 'primary-instant',
}
