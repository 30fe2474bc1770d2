import { describe, expect, it } from 'vitest'
import { parseFields, pick } from './fields.ts'

const known = new Set(['id', 'value', 'creator'])

describe('fields', () => {
  it('are taken in the order asked for, each once', () => {
    expect(parseFields('value, id,,value', known, ['id'])).toEqual([
      { name: 'value', members: [] },
      { name: 'id', members: [] },
    ])
  })

  it('are the usual ones when none is asked for', () => {
    for (const text of [undefined, '', ' , ']) {
      expect(parseFields(text, known, ['id'])).toEqual([{ name: 'id', members: [] }])
    }
  })

  it('ask for members of what is nested', () => {
    const [field] = parseFields('creator.username,creator.id,creator.username', known, ['id'])
    expect(field).toEqual({ name: 'creator', members: ['username', 'id'] })
    const creator = { id: '1', username: 'someone', secret: 'x' }
    expect(pick(creator, { name: 'creator', members: ['username'] }, ['id'], 'creator')).toEqual({
      username: 'someone',
      id: '1',
    })
    expect(pick(creator, { name: 'creator', members: [] }, ['username'], 'creator')).toEqual({
      username: 'someone',
      id: '1',
    })
  })

  it.each([
    'name',
    'constructor',
    '__proto__',
    'creator.',
    '.id',
    'creator.id.x',
    'Id',
    'a'.repeat(500),
  ])('refuse %s by name', (text) => {
    expect(() => parseFields(text, known, ['id'])).toThrow(
      `(#100) Tried accessing nonexisting field (${text.slice(0, 100)})`,
    )
  })

  it('refuse members that are not there', () => {
    for (const member of ['name', 'constructor']) {
      expect(() =>
        pick({ id: '1' }, { name: 'creator', members: [member] }, [], 'creator'),
      ).toThrow(`creator.${member}`)
    }
  })

  it('refuse more than anybody needs', () => {
    expect(() => parseFields('id,'.repeat(101), known, ['id'])).toThrow('fields')
  })
})
