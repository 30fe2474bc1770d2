import { describe, expect, it } from 'vitest'
import type { Client } from '../clients/client.ts'
import type { Caller } from '../tokens/access-token.ts'
import {
  createdWithinReach,
  findUngrantable,
  mayManageClient,
  mayManageSecrets,
  maySee,
} from './management-rights.ts'

function callerOf(scopes: string[], changes: Partial<Caller> = {}): Caller {
  return {
    kind: 'client',
    clientId: 'caller',
    customerId: 'c1',
    secretId: 's1',
    accountId: null,
    grantId: null,
    scopes,
    narrowed: false,
    jkt: null,
    claims: {} as Caller['claims'],
    ...changes,
  }
}

function clientOf(changes: Partial<Client> = {}): Client {
  return { id: 'other', customerId: 'c1', scopes: ['read'], ...changes } as Client
}

const self = clientOf({ id: 'caller' })
const neighbour = clientOf()
const stranger = clientOf({ customerId: 'c2' })
const manager = clientOf({ scopes: ['read', 'manage'] })
const operator = clientOf({ scopes: ['operate'] })

describe('rights over clients and their secrets', () => {
  it.each([
    // scopes of the token, client: [sees, manages secrets, manages client]
    ['read', 'self', self, [true, true, false]],
    ['read', 'neighbour', neighbour, [false, false, false]],
    ['manage', 'neighbour', neighbour, [true, true, true]],
    ['manage', 'manager', manager, [true, true, true]],
    ['manage', 'operator', operator, [true, false, false]],
    ['manage', 'stranger', stranger, [false, false, false]],
    ['operate', 'stranger', stranger, [true, true, true]],
    ['operate', 'manager', manager, [true, true, true]],
  ])('%s on %s', (scope, _name, client, rights) => {
    const caller = callerOf([scope])
    expect([
      maySee(caller, client),
      mayManageSecrets(caller, client),
      mayManageClient(caller, client),
    ]).toEqual(rights)
  })

  it('does not let a narrowed token manage its own secrets', () => {
    expect(mayManageSecrets(callerOf(['read'], { narrowed: true }), self)).toBe(false)
  })

  it('does not let a narrowed `manage` token reach the `operate` of its own client', () => {
    const strong = clientOf({ id: 'caller', scopes: ['manage', 'operate'] })
    expect(mayManageSecrets(callerOf(['manage'], { narrowed: true }), strong)).toBe(false)
    expect(findUngrantable(callerOf(['manage'], { narrowed: true }), strong, ['operate'])).toBe(
      'operate',
    )
  })

  it('grants what the own client has, and with `operate` everything', () => {
    const own = { scopes: ['read', 'manage'] }
    expect(findUngrantable(callerOf(['read', 'manage']), own, ['read', 'manage'])).toBeNull()
    expect(findUngrantable(callerOf(['manage']), own, ['read', 'upload'])).toBe('upload')
    expect(findUngrantable(callerOf(['operate']), own, ['upload', 'manage'])).toBeNull()
  })
})

describe('what goes along with a deleted secret', () => {
  const manage = callerOf(['manage'])
  it.each([
    ['its own, when it is its own', callerOf(['read']), self, [true, false, false, false]],
    ['its own alone, also for a manager', manage, self, [true, false, false, false]],
    ['of the customer’s weaker clients', manage, neighbour, [false, true, false, false]],
    ['of others for an operator', callerOf(['operate']), neighbour, [false, true, true, true]],
  ])('is %s', (_what, caller, client, expected) => {
    const operator = clientOf({ scopes: ['operate'] })
    const reach = createdWithinReach(caller, client)
    expect([self, neighbour, stranger, operator].map(reach)).toEqual(expected)
  })
})
