import type { FastifyRequest } from 'fastify'
import { notFound } from '../../protocol/problem.ts'
import { shown } from './names.ts'

/**
 * For a collection of which the caller sees nothing, or that there is not: the same answer.
 * @param needToken throws BearerError 401
 * @throws BearerError 401 when nobody calls, who might have to log in first, else Problem 404
 */
export function refuseCollection(
  needToken: (request: FastifyRequest) => never,
  request: FastifyRequest,
  id: string,
): never {
  if (!request.caller) needToken(request)
  throw notFound(`there is no collection "${shown(id)}"`)
}
