import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

export interface Finding {
  /** Such as `eslint(no-console)`. */
  code: string
  filename: string
}

/** A folder with the project's lint configuration and nothing else, to show files to the linter. */
export function createLintFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'mapgate-lint-'))
  for (const file of ['.oxlintrc.json', 'tsconfig.json'])
    cpSync(join(root, file), join(folder, file))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return {
    /** @param files name -> text */
    lint(files: Record<string, string>, ...options: string[]): Finding[] {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(join(folder, dirname(file)), { recursive: true })
        writeFileSync(join(folder, file), text)
      }
      const output = run(folder, ['--format', 'json', ...options, ...Object.keys(files)])
      return (JSON.parse(output) as { diagnostics: Finding[] }).diagnostics
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

function run(cwd: string, args: string[]): string {
  try {
    return execFileSync(join(root, 'node_modules/.bin/oxlint'), args, { cwd, encoding: 'utf8' })
  } catch (error) {
    // It ends with 1 when it finds anything.
    return (error as { stdout: string }).stdout
  }
}
