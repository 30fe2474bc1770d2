import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLintFolder, type Finding } from './oxlint.ts'

const folder = createLintFolder()
afterAll(() => folder[Symbol.dispose]())

const wait = 'declare function wait(): Promise<void>\n'

const FAULTS: [code: string, text: string][] = [
  ['typescript(no-floating-promises)', `${wait}export const go = () => { wait() }\n`],
  [
    'typescript(no-misused-promises)',
    `${wait}export const go = () => { [1].forEach(async () => { await wait() }) }\n`,
  ],
  [
    'typescript(switch-exhaustiveness-check)',
    `export function go(kind: 'a' | 'b') {\n  switch (kind) {\n    case 'a':\n      return 1\n  }\n}\n`,
  ],
  ['typescript(no-explicit-any)', 'export const anything: any = 1\n'],
  [
    'typescript(consistent-type-imports)',
    `import { Writable } from 'node:stream'\nexport type Out = Writable\n`,
  ],
  ['eslint(no-console)', `console.log('hello')\n`],
  ['node(no-process-env)', 'export const port = process.env.PORT\n'],
  ['import(no-default-export)', 'export default 1\n'],
]

describe('each of these faults is found', () => {
  const fileOf = (code: string) => `server/access/${code.replaceAll(/\W/g, '-')}.ts`
  let findings: Finding[]
  beforeAll(() => {
    findings = folder.lint(Object.fromEntries(FAULTS.map(([code, text]) => [fileOf(code), text])))
  })

  it.each(FAULTS)('%s', (code) => {
    const own = findings.filter(({ filename }) => filename === fileOf(code))
    expect(own.map((finding) => finding.code)).toEqual([code])
  })
})

it('import(no-cycle) is found, and types may go in a circle', () => {
  const cycle = folder.lint({
    'server/access/a.ts': `import { b } from './b.ts'\nexport const a = () => b()\n`,
    'server/access/b.ts': `import { a } from './a.ts'\nexport const b = (): unknown => a()\n`,
  })
  expect(new Set(cycle.map(({ code }) => code))).toEqual(new Set(['import(no-cycle)']))
  const types = folder.lint({
    'server/access/a.ts': `import { b } from './b.ts'\nexport type A = 1\nexport const a = () => b()\n`,
    'server/access/b.ts': `import type { A } from './a.ts'\nexport const b = (): A => 1\n`,
  })
  expect(types).toEqual([])
})

it('commands may print', () => {
  expect(folder.lint({ 'server/commands/thing.ts': `console.log('hello')\n` })).toEqual([])
})
