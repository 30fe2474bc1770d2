import { readFileSync } from 'node:fs'

/** Mapgate's version, from `package.json`, which lies one folder up from the sources and the build. */
export const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }
