import type { Property } from '../store/collection-state.ts'
import { faultOfTime } from '../store/valid-time.ts'
import { isDate, isDateTime } from './datetime.ts'
import { shown } from './names.ts'

/**
 * What is wrong with a value for a property, fit to follow its name; null: nothing. Every property may
 * be null.
 * @param value as `parseExactJson` gives it
 */
export function faultOfValue({ type, format, role }: Property, value: unknown): string | null {
  if (value === null) return null
  return faultOfType(type, format, value) ?? faultOfTime(role, value)
}

function faultOfType(
  type: Property['type'],
  format: Property['format'],
  value: unknown,
): string | null {
  switch (type) {
    case 'object':
      return faultOfNested(value, '')
    case 'number':
      if (typeof value === 'bigint') return INEXACT
      if (typeof value !== 'number') return 'must be a number'
      return Number.isFinite(value) ? null : TOO_LARGE
    case 'integer':
      if (typeof value !== 'bigint' && !Number.isInteger(value)) return 'must be an integer'
      return Number.isSafeInteger(value) ? null : INEXACT
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false'
    case 'string':
      return typeof value === 'string' ? faultOfFormat(format, value) : 'must be a text'
  }
}

const INEXACT = 'must be within ±2^53 to be kept exactly, or be written as a text'
const TOO_LARGE = 'must be within ±1.8e308'

/** Anything, if all of its numbers can be stored. How deep it may be is judged before. */
function faultOfNested(value: unknown, path: string): string | null {
  const at = path === '' ? '' : `, at ${path}`
  if (typeof value === 'bigint') return INEXACT + at
  if (typeof value === 'number') return Number.isFinite(value) ? null : TOO_LARGE + at
  if (typeof value !== 'object' || value === null) return null
  for (const [name, member] of Object.entries(value)) {
    const inner = Array.isArray(value) ? `[${name}]` : `.${shown(name)}`
    const fault = faultOfNested(member, path + inner)
    if (fault !== null) return fault
  }
  return null
}

function faultOfFormat(format: Property['format'], text: string): string | null {
  switch (format) {
    case undefined:
      return null
    case 'date':
      return isDate(text) ? null : 'must be a date such as 2026-01-31'
    case 'date-time':
      return isDateTime(text) ? null : 'must be an RFC 3339 date-time such as 2026-01-31T12:00:00Z'
    case 'uri':
      return URL.canParse(text) ? null : 'must be an absolute URI'
  }
}
