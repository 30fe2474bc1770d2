import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readEnvironment } from '../server/config/environment.ts'
import { loadConfig } from '../server/config/load.ts'
import { configurationPage, EXAMPLE } from './configuration-page.ts'

const folder = mkdtempSync(join(tmpdir(), 'mapgate-page-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('shows an example that loads', () => {
  const file = join(folder, 'mapgate.yaml')
  writeFileSync(file, EXAMPLE)
  const settings = loadConfig(readEnvironment({ MAPGATE_CONFIG: file }))
  expect(settings.limits.clients['4711']?.total?.quota).toBe(10_000)
})

it('tells of each key its type, default, bounds, description and variable', () => {
  const size = { type: 'integer', minimum: 1, maximum: 9 }
  const level = { enum: ['loud', 'quiet'], default: 'loud', description: 'How | loud.' }
  const schema = {
    required: ['log', 'items'],
    properties: {
      log: { required: ['level'], properties: { level } },
      items: { type: 'array', items: { required: ['size'], properties: { size } } },
      names: { patternProperties: { '': { properties: { first: { type: 'string' } } } } },
    },
  }
  const page = configurationPage(schema, { LEVEL: 'log.level' }, { KEY: 'A key.' })
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual([
    '| `log.level` | `loud`, `quiet` | `"loud"` | How \\| loud. Variable: `LEVEL`. |',
    '| `items` | list of objects | required |  |',
    '| `items[].size` | integer | required | 1 to 9. |',
    '| `names.<name>.first` | string |  |  |',
    '| `LEVEL` | `log.level` |',
    '| `KEY` | A key. |',
  ])
})

it('refuses a variable that stands for no key', () => {
  expect(() => configurationPage({}, { PORT: 'port' }, {})).toThrow('no key port')
})
