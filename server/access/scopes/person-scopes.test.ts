import { describe, expect, it } from 'vitest'
import { createApis } from './apis.ts'
import { personScopes, personScopesOf } from './person-scopes.ts'

const apis = createApis({
  publicUrl: 'https://example.com',
  mapAliases: ['https://alias.example'],
  further: [
    {
      id: 'desks',
      audience: 'https://desks.example',
      aliases: [],
      scopes: [{ name: 'book', description: 'Book desks' }],
    },
  ],
})
const MAPS = 'https://example.com/maps'
const USERINFO = 'https://example.com/oauth2/userinfo'
const client = { scopes: ['read', 'write', 'book', 'manage', 'operate', 'gone'] }

const ask = (scope: string | null, ...resources: string[]) =>
  personScopes({
    apis,
    granted: personScopesOf(apis, client),
    scope,
    resources,
    userinfo: USERINFO,
  })

describe('what a person is asked for', () => {
  it('is all of the client’s scopes of data when the request names none', () => {
    expect(ask(null)).toEqual({
      scopes: ['read', 'write', 'book'],
      audience: [MAPS, 'https://desks.example'],
    })
  })

  it('is what the request names, each once', () => {
    expect(ask('write  read write')).toEqual({ scopes: ['read', 'write'], audience: [MAPS] })
  })

  it('may be about the person, which belongs to no API', () => {
    expect(ask('email openid read')).toEqual({
      scopes: ['openid', 'email', 'read'],
      audience: [MAPS],
    })
    expect(ask('openid')).toEqual({ scopes: ['openid'], audience: [USERINFO] })
    expect(ask('openid', USERINFO)).toEqual({ scopes: ['openid'], audience: [USERINFO] })
  })

  it('is what belongs to the resource (RFC 8707 §2)', () => {
    expect(ask(null, 'https://alias.example')).toEqual({
      scopes: ['read', 'write'],
      audience: [MAPS],
    })
    expect(ask('openid book', 'https://desks.example')).toEqual({
      scopes: ['openid', 'book'],
      audience: ['https://desks.example'],
    })
  })

  it.each([
    ['a scope that the client may not have', 'upload', [], 'invalid_scope'],
    ['a scope of management', 'manage', [], 'invalid_scope'],
    ['a scope of operation', 'read operate', [], 'invalid_scope'],
    ['a scope that is no longer declared', 'gone', [], 'invalid_scope'],
    ['a malformed one', 'read "', [], 'invalid_scope'],
    ['none at all', ' ', [], 'invalid_scope'],
    ['an unknown resource', null, ['https://unknown.example'], 'invalid_target'],
    ['a scope of another resource', 'book', [MAPS], 'invalid_target'],
    ['the management API', null, ['https://example.com/admin'], 'invalid_scope'],
  ])('is never %s', (_name, scope, resources, code) => {
    expect(() => ask(scope, ...resources)).toThrow(expect.objectContaining({ code }))
  })
})
