import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLintFolder, root } from './oxlint.ts'

/**
 * Who may import whom, and that the linter says so: for every pair of folders it is shown a file that
 * imports the other.
 */
const BELOW = ['lib', 'protocol', 'geo', 'config', 'database', 'http', 'access', 'version']
const MAY_IMPORT: Record<string, string[]> = {
  lib: [],
  protocol: ['lib'],
  geo: ['lib'],
  config: ['protocol', 'lib', 'version'],
  http: ['protocol', 'lib', 'version'],
  database: ['lib'],
  access: ['database', 'protocol', 'geo', 'lib', 'version'],
  pages: BELOW,
  mail: ['config', 'protocol', 'lib', 'version'],
  oauth: [...BELOW, 'pages'],
  'sign-in': [...BELOW, 'pages', 'mail'],
  account: [...BELOW, 'pages', 'mail'],
  gateway: BELOW,
  maps: [...BELOW, 'pages'],
  admin: [...BELOW, 'pages'],
  'dialects/mapiq': [...BELOW, 'oauth', 'gateway', 'maps', 'pages'],
  'dialects/mapsindoors': [...BELOW, 'oauth', 'gateway', 'maps', 'pages'],
  'dialects/mapillary': [...BELOW, 'oauth', 'gateway', 'maps', 'pages'],
  commands: [
    ...BELOW,
    'oauth',
    'sign-in',
    'account',
    'pages',
    'mail',
    'gateway',
    'maps',
    'admin',
    'app',
  ],
  wiring: [
    ...BELOW,
    ...['oauth', 'sign-in', 'account', 'pages', 'mail', 'gateway', 'maps', 'admin'],
    ...['dialects/mapiq', 'dialects/mapsindoors', 'dialects/mapillary'],
  ],
}
const FOLDERS = Object.keys(MAY_IMPORT)
const TARGETS = [...FOLDERS, 'app', 'main', 'version']

const folder = createLintFolder()
afterAll(() => folder[Symbol.dispose]())

/** A file's name -> what it says; the names of those that are refused for what they import. */
function refused(files: Record<string, string>): string[] {
  return folder
    .lint(files, '-A', 'all')
    .filter(({ code }) => code === 'eslint(no-restricted-imports)')
    .map(({ filename }) => filename)
    .toSorted()
}

function fileOf(target: string): string {
  return FOLDERS.includes(target) ? `server/${target}/thing.ts` : `server/${target}.ts`
}

/** One file in every folder for each thing that it could import. */
function crossImports(statement: (specifier: string) => string) {
  const files: Record<string, string> = {}
  const expected: string[] = []
  for (const importer of FOLDERS) {
    // From a folder below, too: the same target is then one step further up.
    for (const place of [`server/${importer}`, `server/${importer}/deep`]) {
      for (const target of TARGETS.filter((name) => name !== importer)) {
        const file = `${place}/imports-${target.replace('/', '-')}.ts`
        files[file] = statement(relative(place, fileOf(target)))
        if (!MAY_IMPORT[importer]!.includes(target)) expected.push(file)
      }
    }
  }
  return { files, expected: expected.toSorted() }
}

it('knows every folder of the server', () => {
  const tops = readdirSync(join(root, 'server'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
  const known = new Set(FOLDERS.map((name) => name.split('/')[0]))
  expect(tops.filter((name) => !known.has(name))).toEqual([])
})

describe.each([
  ['an import', (specifier: string) => `import { thing } from '${specifier}'\nthing()\n`],
  ['a dynamic import', (specifier: string) => `export const thing = import('${specifier}')\n`],
  ['a re-export', (specifier: string) => `export { thing } from '${specifier}'\n`],
])('%s', (_, statement) => {
  it('is refused exactly where one folder may not know the other', () => {
    const { files, expected } = crossImports(statement)
    expect(expected.length).toBeGreaterThan(200)
    expect(refused(files)).toEqual(expected)
  })
})

it('refuses to import types, too, but those of the configuration in http', () => {
  const { files, expected } = crossImports(
    (from) => `import type { Thing } from '${from}'\nexport const thing: Thing = 1\n`,
  )
  const allowed = ['server/http/deep/imports-config.ts', 'server/http/imports-config.ts']
  expect(refused(files)).toEqual(expected.filter((file) => !allowed.includes(file)))
})

describe('single imports', () => {
  const forbidden: [file: string, specifier: string][] = [
    ['server/lib/files.ts', 'node:fs'],
    ['server/lib/promises.ts', 'node:fs/promises'],
    ['server/lib/tables.ts', 'kysely'],
    ['server/protocol/client.ts', 'node:http'],
    ['server/geo/worker.ts', 'node:worker_threads'],
    ['server/geo/rows.ts', 'node:sqlite'],
    ['server/database/migrations/0009-more.ts', '../tables.ts'],
    ['server/app.ts', './commands/serve.ts'],
    ['test/conformance/inside.test.ts', '../../server/app.ts'],
  ]
  const allowed: [file: string, specifier: string][] = [
    ['server/lib/digest.ts', 'node:crypto'],
    ['server/database/rows.ts', 'node:sqlite'],
    ['server/database/migrations/0010-more.ts', 'kysely'],
    ['server/commands/serve.ts', '../app.ts'],
    ['test/stores/a.test.ts', '../../server/app.ts'],
    ['test/conformance/outside.test.ts', '../support/http.ts'],
  ]
  let found: string[]
  beforeAll(() => {
    found = refused(
      Object.fromEntries(
        [...forbidden, ...allowed].map(([file, specifier]) => [
          file,
          `import { thing } from '${specifier}'\nthing()\n`,
        ]),
      ),
    )
  })

  it.each(forbidden)('refuses in %s the import of %s', (file) => expect(found).toContain(file))
  it.each(allowed)('allows in %s the import of %s', (file) => expect(found).not.toContain(file))
  it('lets the composition root know a dialect', () => {
    const text = `import { thing } from './dialects/mapiq/thing.ts'\nthing()\n`
    expect(refused({ 'server/app.ts': text })).toEqual([])
  })
})
