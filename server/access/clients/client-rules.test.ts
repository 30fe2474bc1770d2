import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ClientChanges } from './client.ts'
import { createClientRules, profileDefaults } from './client-rules.ts'

const rules = createClientRules({
  algorithms: ['ES256', 'RS256'],
  isAllowedHost: ({ host }) => host === 'localhost:9000',
})

const jwks = {
  keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })],
}

function judge(changes: ClientChanges, type: 'confidential' | 'public' = 'confidential') {
  return rules.faultOf(rules.settle({ ...changes, type }))?.member ?? null
}

describe('the rules of clients', () => {
  it('let a client be as it begins', () => {
    expect([judge({}), judge({}, 'public')]).toEqual([null, null])
  })

  it.each([
    ['authMethod', { authMethod: 'client_secret' }, 'public'],
    ['authMethod', { authMethod: 'none' }, 'confidential'],
    ['requirePkce', { requirePkce: false }, 'public'],
    ['grants', { grants: ['client_credentials'] }, 'public'],
    ['redirectUris', { grants: ['authorization_code'] }, 'public'],
    ['grants', { grants: ['password'], dpopBound: true }, 'confidential'],
    ['website', { website: 'javascript:alert(1)' }, 'confidential'],
    ['webOrigins', { webOrigins: ['https://app.example/'] }, 'confidential'],
    ['webOrigins', { webOrigins: ['https://APP.example'] }, 'confidential'],
    ['webOrigins', { webOrigins: ['null'] }, 'confidential'],
    ['signingAlgorithm', { signingAlgorithm: 'PS256' }, 'confidential'],
    ['jwksUri', { jwksUri: 'https://192.168.0.1/jwks' }, 'confidential'],
  ] as [string, ClientChanges, 'confidential' | 'public'][])(
    'name %s in %o of a %s client',
    (member, changes, type) => expect(judge(changes, type)).toBe(member),
  )

  it('let keys be fetched from an allowed host', () => {
    expect(
      judge({ authMethod: 'private_key_jwt', jwksUri: 'http://localhost:9000/jwks' }),
    ).toBeNull()
  })
})

describe('the profile fapi2', () => {
  const fapi2 = { profile: 'fapi2', jwks, redirectUris: ['https://app.example/cb'] } as const

  it('brings along what it enforces', () => {
    expect(judge({ ...profileDefaults(fapi2), ...fapi2 })).toBeNull()
    expect(rules.settle({ ...fapi2, type: 'confidential' })).toMatchObject({
      authMethod: 'private_key_jwt',
      requirePar: true,
      dpopBound: true,
      refreshMode: 'keep',
    })
  })

  it.each([
    ['authMethod', { authMethod: 'client_secret' }],
    ['grants', { grants: ['password'] }],
    ['requirePar', { requirePar: false }],
    ['requirePkce', { requirePkce: false }],
    ['dpopBound', { dpopBound: false }],
    ['refreshMode', { refreshMode: 'rotate' }],
    ['idTokenAlgorithm', { idTokenAlgorithm: 'RS256' }],
    ['signingAlgorithm', { signingAlgorithm: 'RS256' }],
    ['redirectUris', { redirectUris: ['http://127.0.0.1/'] }],
  ] as [string, ClientChanges][])('does not go with %s otherwise', (member, changes) => {
    expect(judge({ ...fapi2, ...changes })).toBe(member)
  })
})
