/**
 * Parts of a feature's text as the store keeps it (`feature-rows.ts`): type, id, geometry and at last the
 * properties. So these are told without parsing the geometry, which may be most of it. Neither an id nor
 * a geometry can hold the names that are looked for: there is no quote in them that is not escaped or
 * theirs.
 */
const ID = '"id":'
const GEOMETRY = ',"geometry":'
const PROPERTIES = ',"properties":'

export function idIn(feature: string): string {
  const from = feature.indexOf(ID) + ID.length
  return JSON.parse(feature.slice(from, feature.indexOf(GEOMETRY))) as string
}

/** GeoJSON text. */
export function geometryIn(feature: string): string {
  return feature.slice(feature.indexOf(GEOMETRY) + GEOMETRY.length, feature.indexOf(PROPERTIES))
}

export function propertiesIn(feature: string): Record<string, unknown> {
  const from = feature.indexOf(PROPERTIES) + PROPERTIES.length
  return JSON.parse(feature.slice(from, -1)) as Record<string, unknown>
}

/** The feature with other properties. */
export function withProperties(feature: string, properties: Record<string, unknown>): string {
  const head = feature.slice(0, feature.indexOf(PROPERTIES) + PROPERTIES.length)
  return `${head}${JSON.stringify(properties)}}`
}
