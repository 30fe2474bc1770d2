import { describe, expect, it } from 'vitest'
import { ROLES, type Role } from '../accounts/account.ts'
import { mayGiveRole, mayManageApplication, mayManageMembers, mayRegister } from './role-rights.ts'

const who = (may: (role: Role) => boolean) => ROLES.filter(may)
const client = (...scopes: string[]) => ({ scopes, registration: 'self-service' as const })

describe('applications', () => {
  it('are registered and managed by all but viewers', () => {
    expect(who(mayRegister)).toEqual(['owner', 'admin', 'developer'])
    expect(who((role) => mayManageApplication(role, client('read', 'write')))).toEqual([
      'owner',
      'admin',
      'developer',
    ])
  })

  it('with power over clients are managed by those who have it', () => {
    expect(who((role) => mayManageApplication(role, client('read', 'manage')))).toEqual([
      'owner',
      'admin',
    ])
    expect(who((role) => mayManageApplication(role, client('operate')))).toEqual([])
  })

  it('are not managed against their own document', () => {
    const documented = { ...client('read'), registration: 'metadata-document' as const }
    expect(who((role) => mayManageApplication(role, documented))).toEqual([])
  })
})

describe('members', () => {
  it('are managed by owners and admins, owners by owners alone', () => {
    expect(who(mayManageMembers)).toEqual(['owner', 'admin'])
    expect(ROLES.map((role) => who((own) => mayGiveRole(own, role)))).toEqual([
      ['owner'],
      ['owner', 'admin'],
      ['owner', 'admin'],
      ['owner', 'admin'],
    ])
  })
})
