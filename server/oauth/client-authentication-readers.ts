import type { FastifyRequest } from 'fastify'
import { authorizationHeaders } from '../http/authorization.ts'
import type { Form } from '../protocol/form.ts'
import { parseJwt } from '../protocol/jws.ts'
import { invalidClient, invalidRequest } from '../protocol/oauth-error.ts'

/** What a client presented to prove who it is (RFC 6749 §2.3, RFC 7523 §2.2), of which nothing is proven yet. */
export type ClientCredentials =
  | { kind: 'secret'; clientId: string; secret: string }
  | { kind: 'assertion'; clientId: string; assertion: string }
  | { kind: 'none'; clientId: string }

/** Finds the credentials in a request; null when this way was not used. Dialects bring their own. */
export type CredentialReader = (request: FastifyRequest, form: Form) => ClientCredentials | null

/** `client_secret_post` (OAuth 2.1 §2.4.1). */
export const readPostCredentials: CredentialReader = (_request, form) => {
  const secret = form.get('client_secret')
  if (secret === null) return null
  return { kind: 'secret', clientId: form.require('client_id'), secret }
}

/** `client_secret_basic`: id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). */
export const readBasicCredentials: CredentialReader = (request, form) => {
  const [header, ...others] = authorizationHeaders(request)
  if (header === undefined) return null
  if (others.length > 0) throw invalidRequest('There is more than one Authorization header.')
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header)?.[1]
  if (encoded === undefined) {
    throw invalidRequest('The Authorization header is not well-formed Basic credentials.')
  }
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0 || !Buffer.from(text, 'utf8').equals(bytes)) throw badlyEncoded()
  const clientId = formDecode(text.slice(0, colon))
  const inForm = form.get('client_id')
  if (inForm !== null && inForm !== clientId) {
    throw invalidRequest('The client_id differs from the one in the Authorization header.')
  }
  return { kind: 'secret', clientId, secret: formDecode(text.slice(colon + 1)) }
}

/** `private_key_jwt` (RFC 7523 §2.2): the client is the one that the assertion says it is of. */
export const readAssertionCredentials: CredentialReader = (_request, form) => {
  const assertion = form.get('client_assertion')
  const type = form.get('client_assertion_type')
  if (assertion === null) {
    if (type !== null) throw invalidRequest('The parameter client_assertion is missing.')
    return null
  }
  if (type !== ASSERTION_TYPE) {
    throw invalidRequest(`The client_assertion_type must be ${ASSERTION_TYPE}.`)
  }
  const subject = parseJwt(assertion)?.claims.sub
  // A client id has no space, and Postgres takes no NUL in a text.
  if (typeof subject !== 'string' || !/^[\x21-\x7e]{1,1000}$/.test(subject)) {
    throw invalidClient('assertion_malformed')
  }
  const inForm = form.get('client_id')
  if (inForm !== null && inForm !== subject) {
    throw invalidRequest('The client_id differs from the sub of the client_assertion.')
  }
  return { kind: 'assertion', clientId: subject, assertion }
}

/** A public client names itself (RFC 6749 §3.2.1); any other way that is used counts instead. */
export const readPublicClient: CredentialReader = (request, form) => {
  const clientId = form.get('client_id')
  if (clientId === null || request.headers.authorization !== undefined) return null
  if (form.get('client_secret') !== null || form.get('client_assertion') !== null) return null
  return { kind: 'none', clientId }
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

function formDecode(text: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw badlyEncoded()
  }
  // No id and no secret has one, and Postgres takes none in a text.
  if (decoded.includes('\0')) throw badlyEncoded()
  return decoded
}

const badlyEncoded = () => invalidRequest('The Basic credentials are not well encoded.')
