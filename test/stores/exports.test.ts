import { expect, it } from 'vitest'
import { ExportBrokenError, exportCollection } from '../../server/maps/export/export-collection.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import { scopeOver, type TestFeature, text } from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'

const scope = scopeOver('things')

/** More than are read at a time. */
function features(count: number, name: string): TestFeature[] {
  const geometry = { type: 'Point' as const, coordinates: [1, 1] }
  return Array.from({ length: count }, (_, index) => ({
    id: `f${index}`,
    geometry,
    properties: { name },
  }))
}

async function all(texts: AsyncIterable<string>): Promise<string> {
  let whole = ''
  for await (const each of texts) whole += each
  return whole
}

describeDatabases('an export', (_kind, locate) => {
  it('is of one generation, or breaks off', async () => {
    await using store = await openMapStore(await locate())
    const bring = (some: TestFeature[]) =>
      importFeatures(store, scope, 'things', { schema: [text('name')], dimension: 0 }, some)
    const order = { store, scope: () => scope, collectionId: 'things', format: 'ndjson' as const }
    const begin = async () => (await exportCollection(order))!

    await bring(features(1_200, 'old'))
    expect((await all(await begin())).trimEnd().split('\n')).toHaveLength(1_200)

    const begun = await begin()
    expect((await begun.next()).value).toBe('')
    expect((await begun.next()).value).toContain('old')
    await bring(features(1_200, 'new'))
    await expect(begun.next()).rejects.toThrow(ExportBrokenError)
    expect(await all(await begin())).not.toContain('old')

    const before = await begin()
    await store.drop(scope, 'things')
    await expect(all(before)).rejects.toThrow('took the place of its data')
  })
})
