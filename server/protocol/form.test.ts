import { describe, expect, it } from 'vitest'
import { parseForm } from './form.ts'

const parse = (text: string) => parseForm(Buffer.from(text))

describe('RFC 6749 Appendix B forms', () => {
  it('decodes names and values', () => {
    const form = parse('grant_type=client_credentials&scope=a+b%20c&client%5Fid=%C3%A9')
    expect(form.get('scope')).toBe('a b c')
    expect(form.get('client_id')).toBe('é')
  })

  it('takes an empty parameter for an absent one', () => {
    const form = parse('scope=&client_id&grant_type=x')
    expect(form.get('scope')).toBeNull()
    expect(() => form.require('client_id')).toThrow('client_id is missing')
  })

  it('lets resource and audience repeat', () => {
    expect(parse('resource=a&resource=b').all('resource')).toEqual(['a', 'b'])
  })

  it.each([
    ['a repetition', 'scope=a&scope=b', 'scope is repeated'],
    ['a repetition of an empty one', 'scope=&scope=b', 'scope is repeated'],
    ['bad encoding', 'scope=%zz', 'scope is not well encoded'],
    ['encoded bytes that are not UTF-8', 'scope=%ff', 'scope is not well encoded'],
    ['NUL', 'client_id=a%00b', 'client_id contains a NUL'],
    ['too many parameters', 'a&'.repeat(200), 'too many parameters'],
  ])('refuses %s, naming the parameter', (_what, text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  it('refuses raw bytes that are not UTF-8', () => {
    expect(() => parseForm(Buffer.from([0x61, 0x3d, 0xff]))).toThrow('not UTF-8')
  })

  it('says nothing unprintable of a name', () => {
    expect(() => parse('%0d%0aX=1&%0d%0aX=2')).toThrow('The parameter ??X is repeated.')
  })
})
