import type { FastifyRequest } from 'fastify'
import { badParameter } from '../../protocol/problem.ts'
import { shown } from './names.ts'

/**
 * For routes without parameters in the query: whoever sends one expects something else than what would be
 * done (17-069r4 §7.6, /req/core/query-param-unknown).
 * @throws Problem 400 naming the first
 */
export function refuseParameters({ query }: FastifyRequest): void {
  for (const name of Object.keys(query as object)) {
    throw badParameter(shown(name), 'is not a parameter of this endpoint, which has none')
  }
}
