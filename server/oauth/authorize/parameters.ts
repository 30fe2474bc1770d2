import type { FastifyRequest } from 'fastify'
import { requireForm } from '../../http/forms.ts'
import { Form, parseForm } from '../../protocol/form.ts'
import { invalidRequest, OAuthError } from '../../protocol/oauth-error.ts'

/** All that the endpoint knows; what else comes along is ignored (RFC 6749 §3.1). */
export const AUTHORIZATION_PARAMETERS: Readonly<Record<string, { maximumLength: number }>> = {
  client_id: { maximumLength: 500 },
  redirect_uri: { maximumLength: 2_000 },
  response_type: { maximumLength: 100 },
  response_mode: { maximumLength: 100 },
  state: { maximumLength: 4_000 },
  scope: { maximumLength: 2_000 },
  resource: { maximumLength: 2_000 },
  code_challenge: { maximumLength: 200 },
  code_challenge_method: { maximumLength: 50 },
  nonce: { maximumLength: 1_000 },
  prompt: { maximumLength: 100 },
  max_age: { maximumLength: 20 },
  login_hint: { maximumLength: 320 },
  id_token_hint: { maximumLength: 8_000 },
  acr_values: { maximumLength: 1_000 },
  ui_locales: { maximumLength: 500 },
  display: { maximumLength: 50 },
  claims: { maximumLength: 4_000 },
  authorization_details: { maximumLength: 60_000 },
  dpop_jkt: { maximumLength: 100 },
  request: { maximumLength: 60_000 },
  request_uri: { maximumLength: 500 },
}

const MAXIMUM_RESOURCES = 20

/** Without them nobody can be told what is wrong with the others. */
const OF_THE_ANSWER = new Set(['client_id', 'redirect_uri', 'response_mode', 'state'])

export interface Parameters {
  form: Form
  /** What is wrong with them, when it can be told to the client if that proves to be one. */
  fault: OAuthError | null
}

/**
 * The parameters of a request: of the query of a GET, of the body of a POST.
 * @throws OAuthError when those that decide where an answer goes are repeated or malformed
 */
export function readParameters(request: FastifyRequest): Parameters {
  if (request.method === 'POST') return withinBounds(requireForm(request))
  const { url } = request
  const start = url.indexOf('?')
  const query = start < 0 ? '' : url.slice(start + 1)
  try {
    return withinBounds(parseForm(Buffer.from(query)))
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const rest = query.split('&').filter((pair) => OF_THE_ANSWER.has(pair.split('=', 1)[0]!))
    return { form: withinBounds(parseForm(Buffer.from(rest.join('&')))).form, fault: error }
  }
}

/**
 * Those that are too long or too many are left out, so that they come back to nobody.
 * @throws OAuthError when it is not known without them where the answer goes
 */
export function withinBounds(form: Form): Parameters {
  const values = new Map<string, string[]>()
  let fault: OAuthError | null = null
  for (const [name, value] of form.entries()) {
    const known = Object.hasOwn(AUTHORIZATION_PARAMETERS, name)
    if (known && value.length > AUTHORIZATION_PARAMETERS[name]!.maximumLength) {
      const tooLong = invalidRequest(`The parameter ${name} is too long.`)
      if (name !== 'state' && OF_THE_ANSWER.has(name)) throw tooLong
      fault ??= tooLong
    } else {
      values.set(name, [...(values.get(name) ?? []), value])
    }
  }
  if ((values.get('resource')?.length ?? 0) > MAXIMUM_RESOURCES) {
    fault ??= invalidRequest('There are too many parameters resource.')
  }
  return { form: new Form(values), fault }
}
