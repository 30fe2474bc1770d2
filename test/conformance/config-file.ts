import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { temporaryFolder } from '../support/server.ts'

const folder = temporaryFolder()
let count = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A server's environment with this `mapgate.yaml`. */
export function withConfig(config: object): { MAPGATE_CONFIG: string } {
  const file = join(folder, `mapgate-${++count}.yaml`)
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  return { MAPGATE_CONFIG: file }
}

/** More than a fast machine calls in a test. */
const UNREACHED = { quota: 10_000_000, windowSeconds: 60 }

/** For tests of other things than limits, which call more often than a client may. */
export const generous = {
  limits: {
    default: UNREACHED,
    // They have limits of their own.
    endpoints: Object.fromEntries(
      ['oauth2.token', 'maps.items', 'maps.tile', 'maps.tilesetTile', 'maps.search'].map((name) => [
        name,
        UNREACHED,
      ]),
    ),
  },
}
