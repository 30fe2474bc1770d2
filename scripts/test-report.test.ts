import { expect, it } from 'vitest'
import { sumUp } from './test-report.ts'

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((result) => ({ status: result })),
})

it('sums up reports; a file that does not load is a failure', () => {
  expect(
    sumUp([
      {
        testResults: [file('passed', 'passed', 'passed', 'pending'), file('failed')],
      },
      { testResults: [file('failed', 'failed', 'passed', 'failed', 'todo')] },
    ]),
  ).toEqual({ passed: 3, failed: 3, skipped: 2 })
})
