import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Form, parseForm } from '../../../protocol/form.ts'
import { invalidRequest } from '../../../protocol/oauth-error.ts'

/**
 * What clients of Mapillary send to its token endpoint: JSON, a form, or a form that is labelled as
 * JSON; some of it, or all, in the query. It is read by what it is, not by its label, and goes on as
 * the form that the pipeline expects. Secrets of clients and persons are taken from no URL.
 */
export function acceptTokenParameters(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: MAXIMUM_BYTES },
    (_request, body, done) => done(null, body),
  )
  app.addHook('preValidation', (request, _reply, done) => {
    try {
      request.form = readParameters(request)
      // They are in the form now.
      request.query = {}
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}

const MAXIMUM_BYTES = 64 * 1_024

const NEVER_IN_URL = ['client_secret', 'client_assertion', 'password']

function readParameters(request: FastifyRequest): Form {
  const { url } = request
  const start = url.indexOf('?')
  const query = parseForm(Buffer.from(start < 0 ? '' : url.slice(start + 1)))
  for (const name of NEVER_IN_URL) {
    // OAuth 2.1 §2.4.1: URLs end up in logs and histories.
    if (query.get(name) !== null)
      throw invalidRequest(`The parameter ${name} must not be in the URL.`)
  }
  return merge(query, readBody(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)))
}

/** One value each: a second one that says the same is no other. */
function merge(query: Form, body: Form): Form {
  const values = new Map<string, string[]>()
  for (const [name, value] of [...query.entries(), ...body.entries()]) {
    const given = values.get(name)
    if (given && !given.includes(value)) {
      throw invalidRequest(`The parameter ${name.slice(0, 40)} differs in the query and the body.`)
    }
    values.set(name, [value])
  }
  return new Form(values)
}

function readBody(body: Buffer): Form {
  const text = body.toString('utf8').trim()
  return text.startsWith('{') ? fromJson(text) : parseForm(body)
}

function fromJson(text: string): Form {
  const values = new Map<string, string[]>()
  for (const [name, value] of Object.entries(parseObject(text))) {
    if (value === null || value === '') continue
    if (typeof value !== 'string')
      throw invalidRequest(`The parameter ${name.slice(0, 40)} must be a text.`)
    if (value.includes('\0'))
      throw invalidRequest(`The parameter ${name.slice(0, 40)} contains a NUL.`)
    values.set(name, [value])
  }
  return new Form(values)
}

/** Numbers as they are written: an id may come as one, and have more digits than a number holds. */
function parseObject(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? (context?.source ?? String(value)) : value,
    ) as Record<string, unknown>
  } catch {
    throw invalidRequest('The body is neither JSON nor a form.')
  }
}
