import { describe, expect, it } from 'vitest'
import { OAuthError } from '../../protocol/oauth-error.ts'
import { createApis } from './apis.ts'
import { requestedScopes } from './requested-scopes.ts'

const MAPS = 'https://gate.example/maps'
const WEATHER = 'https://weather.example/api'
const apis = createApis({
  publicUrl: 'https://gate.example',
  mapAliases: ['https://api.mapiq.com/public'],
  further: [
    {
      id: 'weather',
      audience: WEATHER,
      aliases: [],
      scopes: [{ name: 'weather', description: 'Read the weather' }],
    },
  ],
})
const granted = ['read', 'write', 'weather']

const request = (scope: string | null, ...resources: string[]) =>
  requestedScopes(apis, granted, scope, resources)

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof OAuthError) return error.code
    throw error
  }
  return 'none'
}

describe('requested scopes', () => {
  it('grants all when nothing is said', () => {
    expect(request(null)).toEqual({
      scopes: granted,
      audience: [MAPS, WEATHER],
      narrowed: false,
    })
  })

  it('grants what is asked, once, and says that it is less', () => {
    expect(request('write  write')).toEqual({ scopes: ['write'], audience: [MAPS], narrowed: true })
  })

  it.each([`${MAPS}/.default`, 'https://api.mapiq.com/public/.default', 'maps/.default'])(
    'expands %s',
    (scope) => {
      expect(request(scope)).toMatchObject({ scopes: ['read', 'write'], audience: [MAPS] })
    },
  )

  it('keeps to the resource (RFC 8707 §2)', () => {
    expect(request(null, WEATHER)).toMatchObject({ scopes: ['weather'], audience: [WEATHER] })
    expect(request(null, WEATHER, MAPS).audience).toEqual([MAPS, WEATHER])
  })

  it('gives for the management API alone what there is, if only itself to manage', () => {
    const management = 'https://gate.example/admin'
    expect(request(null, management)).toEqual({
      scopes: [],
      audience: [management],
      narrowed: false,
    })
    const manager = requestedScopes(apis, [...granted, 'manage'], null, [management])
    expect(manager).toEqual({ scopes: ['manage'], audience: [management], narrowed: false })
    expect(codeOf(() => request('read', management))).toBe('invalid_target')
    expect(request(null, management, MAPS)).toMatchObject({ audience: [MAPS], narrowed: true })
  })

  it('misses no scope whose API has left the configuration', () => {
    const left = requestedScopes(apis, ['read', 'gone'], null, [])
    expect(left).toEqual({ scopes: ['read'], audience: [MAPS], narrowed: false })
    expect(codeOf(() => requestedScopes(apis, ['read', 'gone'], 'gone', []))).toBe('invalid_scope')
  })

  it.each([
    ['a scope that is not granted', 'upload', []],
    ['a scope that is not known', 'fly', []],
    ['a .default with company', `${MAPS}/.default read`, []],
    ['a .default of an unknown API', 'https://other.example/.default', []],
    ['a .default of an API without a granted scope', 'management/.default', []],
    ['quotes', 'read"', []],
  ])('refuses %s as invalid_scope', (_what, scope, resources) => {
    expect(codeOf(() => request(scope, ...resources))).toBe('invalid_scope')
  })

  it.each([
    ['an unknown resource', null, 'https://other.example'],
    ['a .default of another API', `${MAPS}/.default`, WEATHER],
    ['a scope of another API', 'read', WEATHER],
  ])('refuses %s as invalid_target', (_what, scope, resource) => {
    expect(codeOf(() => request(scope, resource))).toBe('invalid_target')
  })
})
