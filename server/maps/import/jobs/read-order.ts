import type { FastifyRequest } from 'fastify'
import { badParameter, Problem } from '../../../protocol/problem.ts'
import type { ImportOptions } from '../import-options.ts'
import { formatOfMediaType, IMPORT_MEDIA_TYPES, type ImportFormat } from '../readers/formats.ts'
import type { ImportQuery } from './schemas.ts'

/** @throws Problem 415 for a body of another format, 400 for one that cannot be imported so */
export function readOrder(request: FastifyRequest<{ Querystring: ImportQuery }>): ImportOptions {
  const { search, merge, strict, format, ...named } = request.query
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw unsupported('Content-Encoding', 'must be left out: the body is taken as it is')
  }
  const options: ImportOptions = {
    ...named,
    format: format ?? formatOf(request),
    ...(search !== undefined && { search: search.split(',').map((each) => each.trim()) }),
    ...(merge && { merge: true }),
    ...(strict && { strict: true }),
  }
  if (options.format === 'imdf' && !options.type) {
    throw badParameter('type', 'is missing: which features of the archive are to be imported')
  }
  return options
}

function formatOf({ headers }: FastifyRequest): ImportFormat {
  const type = headers['content-type']
  const format = type === undefined ? null : formatOfMediaType(type)
  return format ?? unsupportedType()
}

function unsupportedType(): never {
  const types = IMPORT_MEDIA_TYPES.join(', ')
  throw unsupported('Content-Type', `must be one of ${types}`, { 'accept-post': types })
}

function unsupported(parameter: string, detail: string, headers: Record<string, string> = {}) {
  return new Problem(415, 'Unsupported media type', `${parameter}: ${detail}`, {
    members: { parameter },
    headers,
  })
}
