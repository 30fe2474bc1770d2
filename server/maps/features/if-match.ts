import type { FastifyRequest } from 'fastify'
import { badParameter } from '../../protocol/problem.ts'

/**
 * The entity tags of `If-Match` (RFC 9110 §13.1.1), compared strongly: weak ones match nothing.
 * @returns without quotes; null: there is none, or any will do
 * @throws Problem 400 when it is no list of entity tags
 */
export function parseIfMatch({ headers }: FastifyRequest): string[] | null {
  const text = headers['if-match']?.trim()
  if (text === undefined || text === '*') return null
  if (!LIST.test(text)) {
    throw badParameter(
      'If-Match',
      'must be entity tags with their quotes, separated by commas, or *',
    )
  }
  return [...text.matchAll(/(W\/)?"([^"]*)"/g)].flatMap(([, weak, tag]) => (weak ? [] : [tag!]))
}

const LIST = /^(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*$/
