import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { RATIOS } from './ratios.ts'

// How fast anything is depends on the machine and is never asserted: only that it is measured.
it('measures every ratio', { timeout: 180_000 }, async () => {
  const program = fileURLToPath(new URL('run.ts', import.meta.url))
  // Rejects, with the standard error in the message, when a server fails or answers wrongly.
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--quick', '--json'], {
    timeout: 170_000,
  })
  const report = JSON.parse(stdout) as {
    ratios: { name: string; median: number }[]
    memory_mb: number
  }
  expect(report.ratios.map(({ name }) => name)).toEqual(RATIOS.map(({ name }) => name))
  // What is not a finite number is null in JSON.
  for (const { median } of report.ratios) expect(median).toBeGreaterThan(0)
  expect(report.memory_mb).toBeGreaterThan(0)
})
