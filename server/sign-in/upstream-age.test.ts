import { expect, it } from 'vitest'
import { ageParameters, judgeAuthTime } from './upstream-age.ts'

const BEGUN = 1_800_000_000_000
const NOW = BEGUN + 60_000
const HOUR = 3_600_000

const judge = (at: number, maxAge: number | null, now = NOW) =>
  judgeAuthTime(at / 1_000, { begunAt: BEGUN, maxAge }, now)

it('asks for a new sign-in, for one of an age, and always for its time', () => {
  expect(ageParameters({ maxAge: 0 })).toEqual({ prompt: 'login', max_age: '0' })
  expect(ageParameters({ maxAge: 60 })).toEqual({ max_age: '60' })
  expect(Number(ageParameters({ maxAge: null }).max_age)).toBeGreaterThan(86_400)
})

it('takes the time that the provider tells', () => {
  expect(judge(BEGUN - HOUR, null)).toEqual({ kind: 'accepted', at: BEGUN - HOUR })
  expect(judge(BEGUN - HOUR, 7_200)).toEqual({ kind: 'accepted', at: BEGUN - HOUR })
  expect(judge(BEGUN + 5_000, 0)).toEqual({ kind: 'accepted', at: BEGUN + 5_000 })
})

it('refuses what is older than asked for', () => {
  expect(judge(BEGUN - HOUR, 0)).toEqual({ kind: 'too-old' })
  expect(judge(BEGUN - HOUR, 1_800)).toEqual({ kind: 'too-old' })
  expect(judge(BEGUN - 10_001, 0)).toEqual({ kind: 'too-old' })
})

it('bears clocks that differ by seconds', () => {
  expect(judge(BEGUN - 10_000, 0)).toEqual({ kind: 'accepted', at: BEGUN })
  expect(judge(BEGUN - 10_000, null)).toEqual({ kind: 'accepted', at: BEGUN })
  expect(judge(NOW + 30_000, 0)).toEqual({ kind: 'accepted', at: NOW })
})

it.each([undefined, null, 'yesterday', '1800000000', NaN, -1, {}])('%s is no time', (claimed) => {
  const asked = { begunAt: BEGUN, maxAge: null }
  expect(judgeAuthTime(claimed, asked, NOW)).toEqual({ kind: 'accepted', at: null })
  expect(judgeAuthTime(claimed, { ...asked, maxAge: 3_600 }, NOW)).toEqual({ kind: 'too-old' })
})
