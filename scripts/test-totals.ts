import { readFileSync } from 'node:fs'
import { sumUp, type TestReport } from './test-report.ts'

/** Sums up vitest's JSON reports, given as arguments; the last line is for machines that read only that. */
const reports = process.argv
  .slice(2)
  .map((file) => JSON.parse(readFileSync(file, 'utf8')) as TestReport)
const { passed, failed, skipped } = sumUp(reports)
if (skipped > 0) console.log(`${skipped} skipped`)
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
