/** The part of JSON Schema that the configuration uses. */
interface Schema {
  type?: string
  enum?: string[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  default?: unknown
  description?: string
  minimum?: number
  maximum?: number
  minLength?: number
  pattern?: string
}

interface Key {
  path: string
  schema: Schema
  required: boolean
}

/**
 * The text of `docs/configuration.md`.
 * @param variables environment variable -> the key whose value it sets
 * @param others environment variable -> what it says
 */
export function configurationPage(
  schema: Schema,
  variables: Record<string, string>,
  others: Record<string, string>,
): string {
  const keys = listKeys(schema)
  const variableOf = new Map(Object.entries(variables).map(([name, path]) => [path, name]))
  for (const path of variableOf.keys()) {
    if (!keys.some((key) => key.path === path)) throw new Error(`no key ${path} in the schema`)
  }
  const rows = keys.map((key) => row(key, variableOf.get(key.path)))
  return `<!-- Generated from server/config/ by \`npm run docs\`; changes made here are lost. -->

# Configuration

Mapgate reads \`mapgate.yaml\` in the working directory, if there is one, then the environment: a variable wins over
the file, and what neither says has its default. An empty variable counts as absent.

A start with a faulty configuration fails with exit code 1 and lists **all** problems at once, each with its key or
variable. Unknown keys are problems too, so a typing mistake is never ignored:

\`\`\`
The configuration has problems:
  - the configuration does not know “prot”
  - PORT must be a whole number, not “80a”
  - log.level must be one of fatal, error, warn, info, debug, silent
\`\`\`

## An example

\`\`\`yaml
${EXAMPLE.trim()}
\`\`\`

## Keys of \`mapgate.yaml\`

\`[]\` stands for each item of a list, \`<name>\` for a key that you choose. A key without a default may be left out
unless it is marked as required: then it is needed wherever the object around it is given.

| key | type | default | description |
| --- | --- | --- | --- |
${rows.join('\n')}

## Variables that stand for a key

| variable | key |
| --- | --- |
${Object.entries(variables)
  .map(([name, path]) => `| \`${name}\` | \`${path}\` |`)
  .join('\n')}

## Variables of their own

Secrets are never in the file.

| variable | description |
| --- | --- |
${Object.entries(others)
  .map(([name, description]) => `| \`${name}\` | ${cell(description)} |`)
  .join('\n')}
`
}

/** Every value that can be set, and the objects that say something themselves, outer ones first. */
function listKeys(schema: Schema, path = '', required = false): Key[] {
  const merged = merge(schema)
  const own = path && (merged.description || !isObject(merged)) ? [{ path, schema, required }] : []
  const child = (name: string) => (path ? `${path}.${name}` : name)
  return [
    ...own,
    ...Object.entries(merged.properties ?? {}).flatMap(([name, inner]) =>
      // What has a default may be left out, whatever the schema's `required` says.
      listKeys(
        inner,
        child(name),
        inner.default === undefined && !!merged.required?.includes(name),
      ),
    ),
    ...Object.values(merged.patternProperties ?? {}).flatMap((inner) =>
      listKeys(inner, child('<name>')),
    ),
    ...(merged.items && isObject(merge(merged.items)) ? listKeys(merged.items, `${path}[]`) : []),
  ]
}

function merge(schema: Schema): Schema {
  return Object.assign({}, ...(schema.allOf ?? []), schema) as Schema
}

function isObject({ properties, patternProperties }: Schema): boolean {
  return properties !== undefined || patternProperties !== undefined
}

function row({ path, schema, required }: Key, variable: string | undefined): string {
  const merged = merge(schema)
  const description = [
    merged.description ?? '',
    bounds(merged),
    variable ? `Variable: \`${variable}\`.` : '',
  ]
  const standard = schema.default === undefined ? (required ? 'required' : '') : value(schema)
  return `| \`${path}\` | ${typeName(merged)} | ${standard} | ${cell(description.filter(Boolean).join(' '))} |`
}

function value({ default: standard }: Schema): string {
  return standard === '' ? 'empty' : `\`${JSON.stringify(standard)}\``
}

function typeName(schema: Schema): string {
  if (schema.enum) return schema.enum.map((name) => `\`${name}\``).join(', ')
  if (schema.items) return `list of ${typeName(schema.items)}s`
  if (schema.patternProperties) return 'object by name'
  return schema.type ?? 'object'
}

function bounds({ minimum, maximum, minLength, pattern }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}.`
  if (minimum !== undefined) return `At least ${minimum}.`
  if (maximum !== undefined) return `At most ${maximum}.`
  if (pattern) return `Must match \`${pattern}\`.`
  return minLength ? 'Not empty.' : ''
}

/** Bars would end a table cell, also within code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** A test loads it, so that it stays valid. */
export const EXAMPLE = `
publicUrl: https://maps.example.com
host: 0.0.0.0
port: 8080
dataDir: /var/lib/mapgate
trustedProxies: [10.0.0.0/8]
tokens:
  defaultLifetimeSeconds: 1800
limits:
  store: shared
  default: { quota: 20, windowSeconds: 60 }
  endpoints:
    getCollections: { quota: 120, windowSeconds: 60 }
  clients:
    '4711':
      total: { quota: 10000, windowSeconds: 86400 }
      endpoints:
        getItems: { quota: 300, windowSeconds: 60 }
apis:
  - id: tracking
    audience: https://tracking.example.com
    scopes:
      - { name: tracking.read, description: See where the vehicles are. }
log:
  level: info
`
