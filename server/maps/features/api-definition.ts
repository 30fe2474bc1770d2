import { toOpenApi30Schema } from './openapi-30-schema.ts'

/**
 * The part of the API reference that is about map data, as OpenAPI 3.0: what OGC API - Features asks
 * for (17-069r4 §9), and what its clients can read.
 */
export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; description: string }
  servers: { url: string }[]
  paths: Record<string, Record<string, OpenApiOperation>>
  components: object
}

export interface OpenApiOperation {
  operationId?: string
  summary?: string
  description?: string
  parameters?: OpenApiParameter[]
  requestBody?: { content: Contents }
  responses: Record<string, { description: string; content?: Contents }>
  security?: Record<string, string[]>[]
}

interface OpenApiParameter {
  name: string
  schema?: object
  content?: Contents
}

type Contents = Record<string, { schema?: object }>

/**
 * @param reference of all routes, OpenAPI 3.1
 * @param options.prefix of the map data API's paths
 */
export function mapsDefinition(
  reference: object,
  { prefix, publicUrl }: { prefix: string; publicUrl: string },
): OpenApiDocument {
  const { info, paths } = reference as OpenApiDocument
  const own = Object.entries(paths).filter(
    ([path]) => path === prefix || path.startsWith(`${prefix}/`),
  )
  const operations = own.map(
    ([path, methods]) =>
      [
        path.slice(prefix.length) || '/',
        Object.fromEntries(
          Object.entries(methods).map(([method, operation]) => [method, converted(operation)]),
        ),
      ] as const,
  )
  const definedPaths = Object.fromEntries(operations)
  return {
    openapi: '3.0.3',
    info: {
      title: 'Map data',
      version: info.version,
      description: 'Collections of map features, as far as the token may see them.',
    },
    servers: [{ url: `${publicUrl}${prefix}` }],
    paths: definedPaths,
    components: {
      // QGIS learns here how large pages may be, and takes 100 features at a time without.
      parameters: { limit: itemsLimit(definedPaths) },
      securitySchemes: {
        oauth2: {
          type: 'oauth2',
          flows: {
            clientCredentials: {
              tokenUrl: `${publicUrl}/oauth2/token`,
              scopes: scopesOf(operations.flatMap(([, methods]) => Object.values(methods))),
            },
          },
        },
      },
    },
  }
}

function itemsLimit(paths: OpenApiDocument['paths']): OpenApiParameter | undefined {
  const items = paths['/collections/{collectionId}/items']?.['get']
  return items?.parameters?.find(({ name }) => name === 'limit')
}

function scopesOf(operations: OpenApiOperation[]): Record<string, string> {
  const names = operations.flatMap(({ security = [] }) =>
    security.flatMap((each) => each['oauth2'] ?? []),
  )
  return Object.fromEntries([...new Set(names)].map((name) => [name, DESCRIPTIONS[name] ?? name]))
}

const DESCRIPTIONS: Record<string, string> = {
  read: 'Read map data',
  write: 'Write map data',
}

function converted(operation: OpenApiOperation): OpenApiOperation {
  const { parameters, requestBody, responses } = operation
  return {
    ...operation,
    ...(parameters && {
      parameters: parameters.map((parameter) => ({
        ...parameter,
        ...(parameter.schema && { schema: toOpenApi30Schema(parameter.schema) }),
      })),
    }),
    ...(requestBody && {
      requestBody: { ...requestBody, content: convertedContents(requestBody.content) },
    }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        { ...response, ...(response.content && { content: convertedContents(response.content) }) },
      ]),
    ),
  }
}

function convertedContents(contents: Contents): Contents {
  return Object.fromEntries(
    Object.entries(contents).map(([type, { schema, ...rest }]) => [
      type,
      { ...rest, ...(schema && { schema: toOpenApi30Schema(schema) }) },
    ]),
  )
}
