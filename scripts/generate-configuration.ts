import { readFileSync, writeFileSync } from 'node:fs'
import { CONFIG_VARIABLES, OTHER_VARIABLES } from '../server/config/environment.ts'
import { configSchema } from '../server/config/schema.ts'
import { configurationPage } from './configuration-page.ts'

/** Writes `docs/configuration.md` from the schema; with `--check` it only says whether it is stale. */
const file = new URL('../docs/configuration.md', import.meta.url)
const page = configurationPage(configSchema, CONFIG_VARIABLES, OTHER_VARIABLES)

if (!process.argv.includes('--check')) {
  writeFileSync(file, page)
} else if (readIfThere(file) !== page) {
  console.error('docs/configuration.md is stale: run `npm run docs` and commit the result.')
  process.exitCode = 1
}

function readIfThere(url: URL): string | null {
  try {
    return readFileSync(url, 'utf8')
  } catch {
    return null
  }
}
