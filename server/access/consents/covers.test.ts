import { describe, expect, it } from 'vitest'
import type { MapDataDetail } from '../areas/map-data-detail.ts'
import { coversRequest, type Granted, mergeGranted } from './covers.ts'

const within = (area: string | null, changes: Partial<MapDataDetail> = {}): MapDataDetail => ({
  type: 'map_data',
  actions: ['read'],
  collections: null,
  area,
  ...changes,
})
const granted = (scopes: string, ...details: MapDataDetail[]): Granted => ({
  scopes: scopes.split(' '),
  details,
})

describe('what was granted before covers', () => {
  it.each([
    ['the same', granted('read openid'), granted('openid read')],
    ['less', granted('read write'), granted('read')],
    ['a part of the whole', granted('read'), granted('read', within('a'))],
    ['the same part', granted('read', within('a')), granted('read', within('a'))],
    ['fewer parts', granted('read', within('a'), within('b')), granted('read', within('b'))],
    [
      'a collection of all',
      granted('read', within('a')),
      granted('read', within('a', { collections: ['x'] })),
    ],
    [
      'scopes that are not of maps, beside a part',
      granted('read openid', within('a')),
      granted('openid'),
    ],
  ])('%s', (_name, before, wanted) => expect(coversRequest(before, wanted)).toBe(true))

  it.each([
    ['nothing, when there is nothing', null, granted('openid')],
    ['no more scopes', granted('read'), granted('read write')],
    ['not the whole, of a part', granted('read', within('a')), granted('read')],
    ['no other part', granted('read', within('a')), granted('read', within('b'))],
    ['no part without an area', granted('read', within('a')), granted('read', within(null))],
    [
      'no other action there',
      granted('read write', within('a')),
      granted('read write', within('a', { actions: ['read', 'write'] })),
    ],
    [
      'no other collection',
      granted('read', within('a', { collections: ['x'] })),
      granted('read', within('a', { collections: ['x', 'y'] })),
    ],
    [
      'not all collections',
      granted('read', within('a', { collections: ['x'] })),
      granted('read', within('a')),
    ],
  ])('%s', (_name, before, wanted) => expect(coversRequest(before, wanted)).toBe(false))
})

describe('what is remembered', () => {
  it.each([
    ['the whole, then OpenID', granted('read'), granted('openid'), granted('read openid')],
    [
      'a part, then OpenID',
      granted('read', within('a')),
      granted('openid'),
      granted('read openid', within('a')),
    ],
    [
      'a part, then another',
      granted('read', within('a')),
      granted('read', within('b')),
      granted('read', within('b')),
    ],
    [
      'a part, then the whole of the same',
      granted('read', within('a')),
      granted('read'),
      granted('read'),
    ],
    [
      'a part, then the whole of something else',
      granted('read openid', within('a')),
      granted('write'),
      granted('openid write'),
    ],
  ])('%s', (_name, before, now, expected) => {
    expect(mergeGranted(before, now)).toEqual(expected)
  })

  it('never covers what nobody granted', () => {
    const steps = [
      granted('read'),
      granted('write', within('a', { actions: ['write'] })),
      granted('openid'),
      granted('upload'),
    ]
    let remembered: Granted | null = null
    for (const step of steps) {
      remembered = mergeGranted(remembered, step)
      expect(coversRequest(remembered, step)).toBe(true)
      expect(coversRequest(remembered, granted('write'))).toBe(false)
    }
  })
})
