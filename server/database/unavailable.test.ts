import { expect, it } from 'vitest'
import { isDiskFull, isUnavailable } from './unavailable.ts'

const failure = (members: object, message = 'it failed') =>
  Object.assign(new Error(message), members)

it.each([
  ['a shutdown of Postgres', failure({ code: '57P01' })],
  ['a refused connection', failure({ code: 'ECONNREFUSED' })],
  ['a lock that was not to be had', failure({ code: '55P03' })],
  ['a pool without a connection', failure({}, 'timeout exceeded when trying to connect')],
  ['a connection that broke', failure({}, 'Connection terminated unexpectedly')],
  ['a busy SQLite file', failure({ code: 'ERR_SQLITE_ERROR', errcode: 261 })],
  ['a full disk', failure({ code: 'ERR_SQLITE_ERROR', errcode: 13 })],
])('%s is a database that cannot be used for now', (_what, error) => {
  expect(isUnavailable(error)).toBe(true)
})

it.each([
  ['a unique violation of Postgres', failure({ code: '23505' })],
  ['a constraint of SQLite', failure({ code: 'ERR_SQLITE_ERROR', errcode: 2067 })],
  ['a wrong statement', failure({ code: '42601' })],
  ['a fault of ours', new TypeError('x is not a function')],
  ['nothing', null],
])('%s is not', (_what, error) => {
  expect(isUnavailable(error)).toBe(false)
})

it('knows a full disk of each kind', () => {
  const full = [{ errcode: 13 }, { code: '53100' }, { code: 'ENOSPC' }, { code: 'EDQUOT' }]
  expect(full.map((each) => isDiskFull(failure(each)))).toEqual([true, true, true, true])
  expect([{ errcode: 5 }, { code: '53200' }, null].map(isDiskFull)).toEqual([false, false, false])
})
