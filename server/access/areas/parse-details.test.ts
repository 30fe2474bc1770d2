import { describe, expect, it } from 'vitest'
import { parseDetails } from './parse-details.ts'

const area = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ],
  ],
}
const detail = { type: 'map_data', actions: ['read'] }
const parse = (...details: unknown[]) => parseDetails(JSON.stringify(details))

describe('RFC 9396 §2', () => {
  it('reads the details of map data', () => {
    expect(
      parse(
        { ...detail, actions: ['write', 'read', 'read'], collections: ['a', 'b', 'a'] },
        { ...detail, area },
      ),
    ).toEqual([
      { actions: ['read', 'write'], collections: ['a', 'b'], area: null },
      { actions: ['read'], collections: null, area },
    ])
  })
})

describe('RFC 9396 §5', () => {
  it.each([
    ['what is not JSON', '[{', 'is not JSON'],
    ['an object', '{}', 'must be an array'],
    ['an empty array', '[]', 'at least one'],
    ['too many', JSON.stringify(Array.from({ length: 11 }, () => detail)), 'more than 10'],
    [
      'more names than a token can hold',
      JSON.stringify(
        [1, 2].map((element) => ({
          ...detail,
          collections: Array.from({ length: 11 }, (_, index) =>
            `c${element}${index}`.padEnd(100, 'x'),
          ),
        })),
      ),
      'too many collections',
    ],
    ['no object', '[1]', 'no object'],
    ['null', '[null]', 'no object'],
    ['no type', '[{"actions":["read"]}]', 'type'],
    ['another type', '[{"type":"payment"}]', 'type'],
    ['no actions', '[{"type":"map_data"}]', 'actions'],
  ])('refuses %s', (_name, text, fault) => {
    expect(() => parseDetails(text)).toThrow(fault)
  })

  it.each([
    ['an unknown member, which might have been a limit', { until: 5 }, 'unknown member until'],
    ['an unknown action', { actions: ['manage'] }, 'actions'],
    ['no action', { actions: [] }, 'actions'],
    ['a collection that is no name', { collections: ['a b'] }, 'malformed'],
    ['no collection', { collections: [] }, 'collections'],
    ['no area', { area: null }, 'geometry'],
    ['a bad area', { area: { type: 'Point', coordinates: [0, 0] } }, 'Polygon'],
    ['a name of the area, which might make one think of another', { area, name: 'x' }, 'unknown'],
  ])('refuses %s', (_name, changes, fault) => {
    expect(() => parse({ ...detail, ...changes })).toThrow(
      expect.objectContaining({
        code: 'invalid_authorization_details',
        message: expect.stringContaining(fault),
      }),
    )
  })
})
