/**
 * A JSON Schema as OpenAPI 3.0 says it (https://spec.openapis.org/oas/v3.0.3 §4.7.24): constants are
 * enumerations of one, null is a flag, and the limits that exclude themselves are flags too.
 */
export function toOpenApi30Schema(schema: unknown): object {
  const result: Schema = {}
  const { type, ...keywords } = schema as Schema
  for (const [keyword, value] of Object.entries(keywords)) {
    const convert = KEYWORDS[keyword]
    if (convert) Object.assign(result, convert(value))
    else if (!DROPPED.has(keyword)) result[keyword] = value
  }
  return { ...typeOf(type), ...result }
}

type Schema = Record<string, unknown>

const listOf = (value: unknown) => (value as unknown[]).map(toOpenApi30Schema)

const KEYWORDS: Record<string, (value: unknown) => Schema> = {
  const: (value) => ({ enum: [value] }),
  examples: (value) => ({ example: (value as unknown[])[0] }),
  exclusiveMinimum: (value) => ({ minimum: value, exclusiveMinimum: true }),
  exclusiveMaximum: (value) => ({ maximum: value, exclusiveMaximum: true }),
  items: (value) => ({ items: toOpenApi30Schema(value) }),
  not: (value) => ({ not: toOpenApi30Schema(value) }),
  additionalProperties: (value) => ({
    additionalProperties: typeof value === 'boolean' ? value : toOpenApi30Schema(value),
  }),
  properties: (value) => ({
    properties: Object.fromEntries(
      Object.entries(value as Schema).map(([name, each]) => [name, toOpenApi30Schema(each)]),
    ),
  }),
  allOf: (value) => ({ allOf: listOf(value) }),
  oneOf: (value) => alternatives('oneOf', value as Schema[]),
  anyOf: (value) => alternatives('anyOf', value as Schema[]),
  // A list of a type for each place has no form there.
  prefixItems: () => ({ items: {} }),
}

/** What there is no word for, and what belongs to the parameter around the schema. */
const DROPPED = new Set([
  '$schema',
  '$id',
  'patternProperties',
  'propertyNames',
  'style',
  'explode',
  'contentEncoding',
  'contentMediaType',
])

function alternatives(keyword: string, schemas: Schema[]): Schema {
  const others = schemas.filter(({ type }) => type !== 'null')
  const nullable = others.length < schemas.length && { nullable: true }
  const [only] = others
  if (others.length === 1 && only) return { ...toOpenApi30Schema(only), ...nullable }
  return { [keyword]: others.map(toOpenApi30Schema), ...nullable }
}

function typeOf(type: unknown): Schema {
  if (!Array.isArray(type)) return type === undefined ? {} : { type }
  const types = (type as string[]).filter((name) => name !== 'null')
  const nullable = types.length < type.length && { nullable: true }
  return types.length === 1
    ? { type: types[0], ...nullable }
    : { anyOf: types.map((name) => ({ type: name })), ...nullable }
}
