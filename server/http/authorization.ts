import type { FastifyRequest } from 'fastify'

/**
 * Every `Authorization` header of a request. Node keeps only the first: whoever reads that one alone
 * may judge another than a proxy before this server did.
 */
export function authorizationHeaders(request: FastifyRequest): string[] {
  const first = request.headers.authorization
  if (first === undefined) return []
  const { rawHeaders } = request.raw
  const found: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.length === 13 && rawHeaders[index]!.toLowerCase() === 'authorization') {
      found.push(rawHeaders[index + 1]!)
    }
  }
  // Requests made inside the process (`app.inject`) have no raw headers.
  return found.length === 0 ? [first] : found
}
