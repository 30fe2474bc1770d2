/**
 * `JSON.parse`, but an integer that would come out with other digits becomes a `bigint`: beyond
 * ±(2^53 − 1) not every integer is a number (RFC 7493 §2.2). Fractions and powers of ten are rounded to
 * the nearest number, and what is beyond all numbers is Infinity, as ever.
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  return LONG_INTEGER.test(text) ? parseWithSources(text, exact) : (JSON.parse(text) as unknown)
}

/** Asking for each number how it was written takes several times as long, so only where one may be long. */
const LONG_INTEGER = /(?<!["\d.])\d{16}/

function exact(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const isChanged =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    !Number.isSafeInteger(value) &&
    INTEGER.test(source!) &&
    String(value) !== source
  return isChanged ? BigInt(source!) : value
}

const INTEGER = /^-?\d+$/

/** https://tc39.es/proposal-json-parse-with-source, of which the types do not know yet. */
const parseWithSources = JSON.parse as (text: string, reviver: typeof exact) => unknown
