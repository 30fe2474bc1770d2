import { describe, expect, it } from 'vitest'
import { createCursors } from './cursor.ts'

const cursors = createCursors(Buffer.alloc(32, 1))

describe('a cursor', () => {
  it.each([0, 1, 255, 2 ** 32, Number.MAX_SAFE_INTEGER])('holds the key %d', (key) => {
    expect(cursors.open('places', cursors.seal('places', key))).toBe(key)
  })

  it('is the same for the same place, and tells nothing of the next', () => {
    expect(cursors.seal('places', 7)).toBe(cursors.seal('places', 7))
    expect(cursors.seal('places', 7)).toHaveLength(22)
    expect(cursors.seal('places', 7).slice(0, 11)).not.toBe(cursors.seal('places', 8).slice(0, 11))
  })

  it('is of its collection and its installation only', () => {
    const cursor = cursors.seal('places', 7)
    expect(cursors.open('countries', cursor)).toBeNull()
    expect(createCursors(Buffer.alloc(32, 2)).open('places', cursor)).toBeNull()
  })

  it.each(['', '7', 'z'.repeat(22), 'a'.repeat(21), `${cursors.seal('places', 7)}=`, '-1'])(
    'is not %j',
    (text) => {
      expect(cursors.open('places', text)).toBeNull()
    },
  )
})
