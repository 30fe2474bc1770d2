import AjvCompiler from '@fastify/ajv-compiler'
import type { FastifySchemaCompiler } from 'fastify'

type BuildValidator = (
  schemas: object,
  options: { customOptions?: object },
) => FastifySchemaCompiler<unknown>

/**
 * Validates each part of a request by the route's schema. Parameters of a URL are texts, which become
 * the number, boolean or array that the schema names. A JSON body has types of its own and is taken
 * at its word: null is no 0.
 */
const build: BuildValidator = (schemas, options) => {
  const compile = (coerceTypes: false | 'array') =>
    compiler(schemas, { ...options, customOptions: { ...options.customOptions, coerceTypes } })
  const exact = compile(false)
  const coercing = compile('array')
  return (route) => (route.httpPart === 'body' ? exact : coercing)(route)
}

// The package's types say that it takes a schema where it takes a route.
const compiler = AjvCompiler() as unknown as BuildValidator
export const buildValidator = build as unknown as AjvCompiler.BuildCompilerFromPool
