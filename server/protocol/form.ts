import { invalidRequest } from './oauth-error.ts'

/** The parameters of an OAuth request: one value each, save for those that may be repeated. */
export class Form {
  readonly #values: Map<string, string[]>

  constructor(values: Map<string, string[]>) {
    this.#values = values
  }

  /** The value; null when absent. */
  get(name: string): string | null {
    return this.#values.get(name)?.[0] ?? null
  }

  /** All values of a parameter that may be repeated. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** Names and values of all that are not empty. */
  entries(): [name: string, value: string][] {
    return [...this.#values].flatMap(([name, values]) =>
      values.map((value): [string, string] => [name, value]),
    )
  }

  /** @throws OAuthError invalid_request when absent */
  require(name: string): string {
    const value = this.get(name)
    if (value === null) throw invalidRequest(`The parameter ${name} is missing.`)
    return value
  }
}

/** RFC 8707 §2, RFC 8693 §2.1: the only parameters that may come more than once. */
const REPEATABLE = new Set(['resource', 'audience'])

const MAXIMUM_PARAMETERS = 100

/**
 * An `application/x-www-form-urlencoded` body (RFC 6749 Appendix B). Empty parameters count as
 * absent and repeated ones are refused (RFC 6749 §3.2).
 * @throws OAuthError invalid_request naming the parameter
 */
export function parseForm(body: Uint8Array): Form {
  let text: string
  try {
    text = UTF8.decode(body)
  } catch {
    throw invalidRequest('The body is not UTF-8.')
  }
  const values = new Map<string, string[]>()
  if (text === '') return new Form(values)
  const pairs = text.split('&', MAXIMUM_PARAMETERS + 1)
  if (pairs.length > MAXIMUM_PARAMETERS) throw invalidRequest('There are too many parameters.')
  for (const pair of pairs) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeComponent(equals < 0 ? pair : pair.slice(0, equals), null)
    const value = equals < 0 ? '' : decodeComponent(pair.slice(equals + 1), name)
    const given = values.get(name)
    if (given && !REPEATABLE.has(name)) {
      throw invalidRequest(`The parameter ${printable(name)} is repeated.`)
    }
    if (value === '') {
      // Kept without a value, so that a second one is still found to be a repetition.
      if (!given) values.set(name, [])
    } else if (given) {
      given.push(value)
    } else {
      values.set(name, [value])
    }
  }
  return new Form(values)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** @param name of the parameter whose value it is; null: it is a name itself */
function decodeComponent(text: string, name: string | null): string {
  let decoded = text
  if (text.includes('+')) decoded = decoded.replaceAll('+', ' ')
  if (decoded.includes('%')) {
    try {
      decoded = decodeURIComponent(decoded)
    } catch {
      throw invalidRequest(
        `${name ? `The parameter ${printable(name)}` : 'A parameter name'} is not well encoded.`,
      )
    }
  }
  if (decoded.includes('\0')) {
    throw invalidRequest(
      `${name ? `The parameter ${printable(name)}` : 'A parameter name'} contains a NUL.`,
    )
  }
  return decoded
}

/** RFC 6749 §5.2: `error_description` holds only printable ASCII without quote and backslash. */
function printable(text: string): string {
  return text.slice(0, 40).replaceAll(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')
}
