import { join } from 'node:path'
import { expect, it } from 'vitest'
import { scopeOver, type TestFeature, text } from '../../../../test/support/collections.ts'
import { temporaryFolder } from '../../../../test/support/server.ts'
import { importFeatures } from '../import-features.ts'
import { openMapStore } from '../open.ts'
import { openSqliteBackend } from './sqlite-backend.ts'

it('gives as many rows as it is asked for, unless their texts have many bytes', async () => {
  const location = { kind: 'sqlite', file: join(temporaryFolder(), 'maps.db') } as const
  await using store = await openMapStore(location)
  const long = 'x'.repeat(300_000)
  const features = Array.from({ length: 500 }, (_, index): TestFeature => ({
    id: `f${index}`,
    geometry: { type: 'Point', coordinates: [0, 0] },
    properties: { name: index < 320 ? 'short' : long },
  }))
  const definition = { schema: [text('name')], dimension: 0 } as const
  await importFeatures(store, scopeOver('things'), 'things', definition, features)
  await using backend = await openSqliteBackend(location.file, { readOnly: true })
  const reader = backend.reader((await backend.live('things'))!)
  const keys = (await reader.keysIn([{ west: 0, south: 0, east: 0, north: 0 }], 500))!

  const some = await reader.byKeys(keys.slice(0, 310))
  expect([some.rows.length, some.read]).toEqual([310, 310])
  const cut = await reader.byKeys(keys)
  // Short ones first, and then the four that have more than a million bytes.
  expect([cut.rows.length, cut.read]).toEqual([324, 324])
  for (const windows of [null, [{ west: -1, south: -1, east: 1, north: 1 }]]) {
    const scan = reader.scan({ windows, texts: [], time: { from: null, to: 1 } }, 0)
    const batches = [await scan.next(310), await scan.next(310)]
    expect(batches.map(({ rows, done }) => [rows.length, done])).toEqual([
      [310, false],
      [14, false],
    ])
  }
})
