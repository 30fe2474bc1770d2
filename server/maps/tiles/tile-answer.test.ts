import { expect, it } from 'vitest'
import { takesGzip } from './tile-answer.ts'

it.each([
  [undefined, false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['br', false],
  ['gzip;q=0', false],
  ['gzip; q=0.000, *', false],
  ['*', true],
  ['*;q=0', false],
  ['identity', false],
  ['xgzip', false],
])('whether %j takes gzip (RFC 9110 §12.5.3): %j', (header, taken) => {
  expect(takesGzip(header)).toBe(taken)
})
