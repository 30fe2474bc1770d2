import { afterEach, expect, it, vi } from 'vitest'
import { createImportProgress } from './import-progress.ts'

afterEach(() => vi.restoreAllMocks())

/** What an import of a hundred thousand records prints. */
function printed(options: { silent: boolean; terminal: boolean }): string[] {
  const written: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  const { isTTY } = process.stderr
  process.stderr.isTTY = options.terminal
  try {
    const line = createImportProgress(options.silent)
    line.begin('parks', 1_000_000)
    for (const phase of ['looking', 'writing'] as const) {
      for (let records = 1_000; records <= 100_000; records += 1_000) {
        line.read(records * 10)
        const features = phase === 'looking' ? 0 : records - 1
        line.show({ phase, records, features, faults: 0 })
      }
    }
    line.show({ phase: 'writing', records: 100_000, features: 99_999, faults: 1 })
    line.end()
  } finally {
    process.stderr.isTTY = isTTY
  }
  return written
}

it('prints a line at each tenth of the file, for each time that it is read', () => {
  const lines = printed({ silent: false, terminal: false })
  expect(lines).toHaveLength(22)
  expect(lines[0]).toBe('0 % parks: looking at 1000 records\n')
  expect(lines[5]).toBe('50 % parks: looking at 50000 records\n')
  expect(lines[10]).toBe('100 % parks: looking at 100000 records\n')
  expect(lines[11]).toBe('0 % parks: 999 features written\n')
  expect(lines[21]).toBe('100 % parks: 99999 features written\n')
})

it('moves a bar on a terminal, at each hundredth', () => {
  const lines = printed({ silent: false, terminal: true })
  expect(lines).toHaveLength(201)
  expect(lines[49]).toBe('\r\x1b[K[############------------] 50 % parks: looking at 50000 records')
  expect(lines[199]).toContain(`[${'#'.repeat(24)}] 100 % parks: 99999 features`)
  expect(lines[200]).toBe('\n')
})

it('is silent when told to', () => {
  expect(printed({ silent: true, terminal: true })).toEqual([])
})
