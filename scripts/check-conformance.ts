import { existsSync, globSync, readFileSync } from 'node:fs'
import { citedClauses, missingFiles } from './clauses.ts'

/**
 * Fails when the sources cite a clause of an RFC that `docs/conformance.md` does not mention, or when
 * that page names a file that is not there. `--list` prints the cited clauses with their files.
 */
const page = 'docs/conformance.md'
process.chdir(new URL('..', import.meta.url).pathname)
const files = globSync('server/**/*.ts').filter((file) => !file.endsWith('.test.ts'))
const cited = citedClauses(files.toSorted().map((file) => [file, readFileSync(file, 'utf8')]))

if (process.argv.includes('--list')) {
  for (const [clause, citing] of cited) console.log(`${clause}\t${citing.join(' ')}`)
} else if (!existsSync(page)) {
  console.log(`${page} is not written yet: ${cited.size} cited clauses were not checked.`)
} else {
  const text = readFileSync(page, 'utf8')
  const told = citedClauses([[page, text]])
  const problems = [
    ...[...cited]
      .filter(([clause]) => !told.has(clause))
      .map(([clause, citing]) => `${clause} is cited in ${citing.join(', ')}, but not in ${page}`),
    ...missingFiles(text, existsSync).map((file) => `${page} names ${file}, which is not there`),
  ]
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
