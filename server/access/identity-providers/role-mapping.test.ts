import { describe, expect, it } from 'vitest'
import { mappedRole } from './role-mapping.ts'

const provider = {
  roleClaim: 'groups',
  roles: { 'map-admins': 'admin', cartographers: 'developer' },
} as const

describe('the role that a claim gives', () => {
  it.each([
    ['cartographers', 'developer'],
    [['guests', 'cartographers', 'map-admins'], 'admin'],
    [[{ objectId: '1', role: 'cartographers' }], 'developer'],
    ['owner', 'viewer'],
    ['constructor', 'viewer'],
    [[], 'viewer'],
    [7, 'viewer'],
    [{ role: 7 }, 'viewer'],
    [null, 'viewer'],
    [undefined, 'viewer'],
  ])('%j: %s', (groups, role) => {
    expect(mappedRole(provider, { groups })).toBe(role)
  })

  it('is left to people here where the provider has no claim for it', () => {
    expect(mappedRole({ roleClaim: null, roles: {} }, { groups: 'map-admins' })).toBeNull()
  })
})
