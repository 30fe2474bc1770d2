import type { FastifyRequest } from 'fastify'

/** The URL of a request as its sender knows it, without the query: never by the `Host` header. */
export function ownUrl(publicUrl: string, request: FastifyRequest): string {
  const { url } = request
  const query = url.indexOf('?')
  return publicUrl + (query < 0 ? url : url.slice(0, query))
}
