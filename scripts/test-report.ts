/** The part of vitest's JSON report that counts. */
export interface TestReport {
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

/** A file that fails without a failed test (it does not load, or its set-up fails) is one failure. */
export function sumUp(reports: TestReport[]) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const { status, assertionResults } of reports.flatMap(({ testResults }) => testResults)) {
    const count = (wanted: string) =>
      assertionResults.filter((result) => result.status === wanted).length
    const failed = count('failed')
    totals.passed += count('passed')
    totals.failed += failed === 0 && status === 'failed' ? 1 : failed
    totals.skipped += assertionResults.length - count('passed') - failed
  }
  return totals
}
