import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createHmacSha256 } from './hmac.ts'

it('gives what createHmac gives, for any key and text', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.string({ unit: 'binary', maxLength: 300 }),
      (key, text) => {
        const expected = createHmac('sha256', key).update(text).digest('hex')
        expect(createHmacSha256(Buffer.from(key))(text).toString('hex')).toBe(expected)
      },
    ),
  )
})

it('refuses keys that RFC 2104 would hash first', () => {
  expect(() => createHmacSha256(randomBytes(65))).toThrow('longer than a block')
})
