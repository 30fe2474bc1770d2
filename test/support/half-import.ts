import { once } from 'node:events'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import { scopeOver, text } from './collections.ts'

/** A process that begins an import and never ends it, to be killed (`map-store-generations.test.ts`). */
const [{ location, collectionId }] = (await once(process, 'message')) as [
  { location: DatabaseLocation; collectionId: string },
]
const store = await openMapStore(location)
const begun = await store.beginGeneration(scopeOver(collectionId), collectionId, {
  schema: [text('name', { search: 'name' })],
  dimension: 0,
})
if (begun.kind !== 'begun') throw new Error(begun.kind)
for (let index = 0; ; index++) {
  await begun.generation.add([
    { id: `half${index}`, geometry: { type: 'Point', coordinates: [0, 0] }, properties: {} },
  ])
  if (index === 10) process.send?.('begun')
}
