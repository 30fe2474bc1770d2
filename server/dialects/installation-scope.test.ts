import { expect, it } from 'vitest'
import { wholeScope } from '../access/scopes/whole-scope.ts'
import { installationScope } from './installation-scope.ts'

const collection = (id: string, customerId: string | null) => ({
  id,
  customerId,
  visibility: 'open' as const,
  title: '',
  description: '',
  attribution: '',
  licence: null,
  madeOf: null,
  createdAt: 0,
  updatedAt: 0,
})

it('holds what belongs to the installation, and nothing to be written', () => {
  const whole = wholeScope(() => [collection('places', null), collection('images', 'customer')])
  const scope = installationScope(whole)
  expect(scope.collections().map(({ id }) => id)).toEqual(['places'])
  expect(scope.collection('places')?.id).toBe('places')
  expect([scope.read('places'), scope.write('places')]).toEqual(['all', 'none'])
  expect(scope.collection('images')).toBeNull()
  expect(scope.read('images')).toBe('none')
  expect(installationScope({ ...whole, countedAs: 'a client' }).countedAs).toBe('a client')
})
