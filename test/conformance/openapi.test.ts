import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import { bearer, createClient, getToken } from './requests.ts'

interface Operation {
  operationId: string
  summary: string
  /** `{}`: also without a token. */
  security?: { oauth2?: string[] }[]
  parameters?: { name: string; in: string; required?: boolean; schema?: { default?: unknown } }[]
  requestBody?: { content: Record<string, unknown> }
  responses: object
}

interface Reference {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: {
    securitySchemes: {
      oauth2: { flows: { clientCredentials: { scopes: Record<string, string> } } }
    }
  }
}

let server: Awaited<ReturnType<typeof startSampleServer>>
let reference: Reference
let operations: { name: string; path: string; method: string; operation: Operation }[]
/** With every scope there is. */
let token: string

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  reference = (await (await fetch(`${server.url}/openapi.json`)).json()) as Reference
  operations = Object.entries(reference.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      method: method.toUpperCase(),
      operation,
    })),
  )
  token = await getToken(
    server,
    await createClient(server, '--scope', 'read write upload manage operate'),
  )
})
afterAll(() => server[Symbol.asyncDispose]())

/** Calls an operation with parameters that fit nothing. */
function call(
  { path, method, operation }: (typeof operations)[number],
  headers: Record<string, string>,
): Promise<Response> {
  const url = server.url + path.replaceAll(/\{[^}]+\}/g, 'nothing')
  const [type] = Object.keys(operation.requestBody?.content ?? {})
  return fetch(url, {
    method,
    headers: { ...headers, ...(type && { 'content-type': type }) },
    ...(type && { body: type.includes('json') ? '{}' : '' }),
  })
}

const isForNobodyToo = ({ operation }: (typeof operations)[number]) =>
  (operation.security ?? []).some((way) => Object.keys(way).length === 0)

describe('/openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(reference.openapi).toMatch(/^3\.1\.\d$/)
    const { valid, errors } = await new Validator().validate({ ...structuredClone(reference) })
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  it('gives every operation a name of its own and a summary', () => {
    const names = operations.map(({ operation }) => operation.operationId)
    expect(names.filter((name, index) => !name || names.indexOf(name) !== index)).toEqual([])
    expect(operations.filter(({ operation }) => !operation.summary)).toEqual([])
  })

  it('names only what is there', async () => {
    const absent = []
    for (const operation of operations) {
      const response = await call(operation, bearer(token))
      const text = await response.text()
      // A 404 may be about an object; that there is no such path is said in other words.
      if (response.status === 405 || text.includes('There is nothing here.'))
        absent.push(operation.name)
      if (response.status >= 500) absent.push(`${operation.name}: ${response.status} ${text}`)
    }
    expect(absent).toEqual([])
  })

  it('says which operations need a token, and they do', async () => {
    const wrong = []
    for (const operation of operations) {
      const response = await call(operation, {})
      const challenged = response.headers.get('www-authenticate')?.startsWith('Bearer ') ?? false
      const declared = (operation.operation.security?.length ?? 0) > 0
      // Nobody may see what is open to all; about the rest nobody is told.
      if (declared && isForNobodyToo(operation)) {
        if (response.status >= 500 || (response.status === 401) !== challenged) {
          wrong.push(`${operation.name}: ${response.status}`)
        }
        continue
      }
      if (challenged !== declared) wrong.push(`${operation.name}: ${response.status}`)
      if (declared && response.status !== 401) wrong.push(`${operation.name}: ${response.status}`)
    }
    expect(wrong).toEqual([])
  })

  it('names the scope of every operation that needs one, and describes it', () => {
    const { scopes } = reference.components.securitySchemes.oauth2.flows.clientCredentials
    const named = operations.flatMap(({ operation }) =>
      (operation.security ?? []).flatMap(({ oauth2 = [] }) => oauth2),
    )
    expect(new Set(named)).toContain('read')
    expect(named.filter((scope) => !scopes[scope])).toEqual([])
    const items = (method: string) =>
      operations.find((each) => each.name === `${method} /maps/collections/{collectionId}/items`)!
    expect(items('GET').operation.security).toEqual([{}, { oauth2: ['read'] }])
    expect(items('POST').operation.security).toEqual([{ oauth2: ['write'] }])
  })

  it('holds all that is documented', () => {
    const documented = [
      'GET /',
      'GET /health',
      'GET /ready',
      'GET /openapi.json',
      'GET /jwks',
      'GET /.well-known/oauth-authorization-server',
      'GET /.well-known/oauth-protected-resource/maps',
      'GET /.well-known/oauth-protected-resource/admin',
      'POST /oauth2/token',
      'POST /oauth2/introspect',
      'POST /oauth2/revoke',
      'GET /maps',
      'GET /maps/collections',
      'GET /maps/collections/{collectionId}',
      'GET /maps/collections/{collectionId}/items',
      'GET /maps/collections/{collectionId}/items/{featureId}',
      'GET /maps/collections/{collectionId}/nearest',
      'GET /maps/collections/{collectionId}/containing',
      'GET /maps/collections/{collectionId}/schema',
      'GET /maps/collections/{collectionId}/queryables',
      'POST /maps/collections/{collectionId}/items',
      'PUT /maps/collections/{collectionId}/items/{featureId}',
      'PATCH /maps/collections/{collectionId}/items/{featureId}',
      'DELETE /maps/collections/{collectionId}/items/{featureId}',
      'GET /admin/clients/{clientId}',
      'GET /admin/clients/{clientId}/secrets',
      'POST /admin/clients/{clientId}/secrets',
      'POST /mapiq/account/api/public/oauth2/token',
      'GET /mapiq/api/v2/places',
      'POST /mapsindoors/auth/connect/token',
      'GET /mapsindoors/auth/api/clientcredentials',
      'POST /mapsindoors/auth/api/clientcredentials',
      'DELETE /mapsindoors/auth/api/clientcredentials',
    ]
    const names = operations.map(({ name }) => name)
    expect(documented.filter((name) => !names.includes(name))).toEqual([])
  })
})

it('asks for no parameter that has a default', () => {
  const inQuery = operations.flatMap(({ name, operation: { parameters = [] } }) =>
    parameters
      .filter((parameter) => parameter.in === 'query' && parameter.schema?.default !== undefined)
      .map((parameter) => ({ what: `${name} ${parameter.name}`, required: parameter.required })),
  )
  expect(inQuery.map(({ what }) => what)).toContain(
    'GET /maps/collections/{collectionId}/nearest limit',
  )
  expect(inQuery.filter(({ required }) => required)).toEqual([])
})
