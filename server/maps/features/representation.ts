import type { FastifyRequest } from 'fastify'
import { badParameter } from '../../protocol/problem.ts'

/**
 * Which form a caller wants: `f` decides, then the `Accept` header (RFC 9110 §12.5.1). JSON is for all
 * that do not say they would rather have HTML, as browsers do.
 * @throws Problem 400 naming `f`
 */
export function wantsHtml(request: FastifyRequest): boolean {
  const { f } = request.query as { f?: string | string[] }
  if (f !== undefined) {
    if (f === 'html') return true
    if (f === 'json') return false
    throw badParameter('f', 'must be json or html')
  }
  const { accept } = request.headers
  return accept !== undefined && accept.includes('html') && prefersHtml(accept)
}

/** For answers to what went wrong, also with `f` itself. */
export function wouldTakeHtml(request: FastifyRequest): boolean {
  try {
    return wantsHtml(request)
  } catch {
    return false
  }
}

function prefersHtml(accept: string): boolean {
  const html = Math.max(qualityOf(accept, 'text/html'), qualityOf(accept, 'application/xhtml+xml'))
  const json = Math.max(
    qualityOf(accept, 'application/json'),
    qualityOf(accept, 'application/geo+json'),
  )
  return html > json
}

/** 0: not named. Ranges such as `*` name nothing: whoever takes anything gets JSON. */
function qualityOf(accept: string, type: string): number {
  for (const part of accept.slice(0, 1_000).toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim())
    if (name !== type) continue
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    const value = quality ? Number(quality.slice(2)) : 1
    return Number.isNaN(value) ? 0 : value
  }
  return 0
}
