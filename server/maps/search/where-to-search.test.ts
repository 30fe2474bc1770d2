import { expect, it } from 'vitest'
import { testCollection } from '../../../test/support/collections.ts'
import type { Collection, Visibility } from '../../access/collections/collection.ts'
import { wholeScope } from '../../access/scopes/whole-scope.ts'
import type { CollectionState } from '../store/collection-state.ts'
import { whereToSearch } from './where-to-search.ts'

const many = (count: number, prefix: string, visibility: Visibility, customerId: string) =>
  Array.from({ length: count }, (_, index) =>
    testCollection(`${prefix}${index}`, { visibility, customerId }),
  )

/** @param without of those it has no data, or nothing that is searched */
async function search(collections: Collection[], without: (id: string) => boolean = () => false) {
  const state = async (_: unknown, id: string): Promise<CollectionState> => ({
    collection: testCollection(id),
    generation: 1,
    schema: [{ name: 'name', type: 'string', ...(!without(id) && { search: 'name' }) }],
    dimension: 0,
    featureCount: id.endsWith('7') && without(id) ? 0 : 1,
    extent: null,
    interval: null,
  })
  const where = await whereToSearch(
    { state },
    wholeScope(() => collections),
    'me',
  )
  return { ids: where.collections.map(({ id }) => id), all: where.all }
}

it('looks in all, unless they are too many', async () => {
  const hundred = many(100, 'a', 'open', 'others')
  expect((await search(hundred)).all).toBe(true)
  expect((await search(hundred)).ids).toHaveLength(100)
  const { ids, all } = await search([...hundred, testCollection('b')])
  expect({ all, count: ids.length }).toEqual({ all: false, count: 100 })
})

it('counts no collection in which there is nothing to be found', async () => {
  const empty = many(500, 'a', 'open', 'others')
  const { ids, all } = await search([...empty, ...many(3, 'z', 'open', 'others')], (id) =>
    id.startsWith('a'),
  )
  expect({ ids, all }).toEqual({ ids: ['z0', 'z1', 'z2'], all: true })
})

it('looks first in what is the own, then in what few see', async () => {
  const { ids, all } = await search([
    ...many(150, 'a', 'open', 'others'),
    ...many(20, 'b', 'public', 'others'),
    ...many(20, 'c', 'subscription', 'others'),
    ...many(20, 'd', 'open', 'me'),
  ])
  expect(all).toBe(false)
  const firsts = ids.map((id) => id[0]).join('')
  expect(firsts).toBe('d'.repeat(20) + 'c'.repeat(20) + 'b'.repeat(20) + 'a'.repeat(40))
})
