import { expect, it } from 'vitest'
import { citedClauses, missingFiles } from './clauses.ts'

it('finds clauses, several at once and across lines', () => {
  const text = `
/**
 * As RFC 6749 §5.1 says, and RFC 6750 §2.1, §3 and §3.1. Not RFC 7009 alone.
 * See RFC 9110
 * §15.5.4.
 */
// RFC 6749
// §4.1: RFC 7518 §3.4, RFC 6749 §A.`
  expect([...citedClauses([['a.ts', text]]).keys()]).toEqual([
    'RFC 6749 §4.1',
    'RFC 6749 §5.1',
    'RFC 6749 §A',
    'RFC 6750 §2.1',
    'RFC 6750 §3',
    'RFC 6750 §3.1',
    'RFC 7518 §3.4',
    'RFC 9110 §15.5.4',
  ])
})

it('tells which files cite a clause', () => {
  const cited = citedClauses([
    ['a.ts', 'RFC 6749 §5.1 RFC 6749 §5.1'],
    ['b.ts', 'RFC 6749 §5.1'],
  ])
  expect(cited).toEqual(new Map([['RFC 6749 §5.1', ['a.ts', 'b.ts']]]))
})

it('finds the named files that are not there', () => {
  const page = '| `server/a.ts` | `test/b.test.ts` “rejects it” | `test/c.test.ts:12` |'
  expect(missingFiles(page, (file) => file === 'server/a.ts')).toEqual([
    'test/b.test.ts',
    'test/c.test.ts',
  ])
})
