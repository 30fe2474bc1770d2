import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { systemRandom as random } from '../../lib/random.ts'
import { authorizationUrls } from './authorization-urls.ts'

const client = {
  id: '42',
  type: 'confidential' as const,
  redirectUris: ['https://a.example/callback?x=1&y=2', 'https://b.example/'],
  requirePkce: false,
}
const common = { scopes: ['read', 'write'], publicUrl: 'https://maps.example', random }

describe('authorizationUrls', () => {
  it('name client, first callback URL and scopes', () => {
    expect(authorizationUrls({ ...common, client, mapillary: true })).toEqual({
      mapillary: 'https://maps.example/mapillary/www/connect?client_id=42',
      core: {
        url: 'https://maps.example/oauth2/authorize?response_type=code&client_id=42&redirect_uri=https%3A%2F%2Fa.example%2Fcallback%3Fx%3D1%26y%3D2&scope=read+write',
        codeVerifier: null,
      },
    })
  })

  it.each([
    ['that requires PKCE', { requirePkce: true }],
    ['that is public', { type: 'public' as const }],
  ])('have a challenge for a client %s', (_name, changes) => {
    const changed = { ...client, ...changes }
    const { core, mapillary } = authorizationUrls({ ...common, client: changed, mapillary: false })
    const query = new URL(core!.url).searchParams
    expect(core!.codeVerifier).toMatch(/^\w{43}$/)
    expect(query.get('code_challenge')).toBe(
      createHash('sha256').update(core!.codeVerifier!).digest('base64url'),
    )
    expect(query.get('code_challenge_method')).toBe('S256')
    expect(mapillary).toBeNull()
  })

  it('are none without a callback URL', () => {
    const bare = { ...client, redirectUris: [] }
    expect(authorizationUrls({ ...common, client: bare, mapillary: true })).toEqual({
      mapillary: null,
      core: null,
    })
  })
})
