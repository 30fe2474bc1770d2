import type { Property } from '../store/collection-state.ts'
import { faultOfTime } from '../store/valid-time.ts'
import { isDate, isDateTime } from './datetime.ts'

/**
 * What is wrong with a value for a property, fit to follow its name; null: nothing. Every property may
 * be null.
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
      return null
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'must be a number'
    case 'integer':
      return Number.isSafeInteger(value) ? null : 'must be an integer'
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false'
    case 'string':
      return typeof value === 'string' ? faultOfFormat(format, value) : 'must be a text'
  }
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
