import { describe, expect, it } from 'vitest'
import { logoTypeOf } from './logo.ts'

describe('logoTypeOf', () => {
  it.each([
    ['89504e470d0a1a0a0000', 'image/png'],
    ['ffd8ffe000104a464946', 'image/jpeg'],
    [Buffer.from('RIFF\x10\0\0\0WEBPVP8 ').toString('hex'), 'image/webp'],
  ])('knows %s', (hex, type) => {
    expect(logoTypeOf(Buffer.from(hex, 'hex'))).toBe(type)
  })

  it.each([
    '',
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'GIF89a',
    'RIFF\0\0\0\0WAVE',
    '\x89PNG',
  ])('does not take %j', (text) => {
    expect(logoTypeOf(Buffer.from(text, 'latin1'))).toBeNull()
  })
})
