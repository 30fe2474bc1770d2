import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../protocol/problem.ts'
import { parseJson, splitBody } from './split-body.ts'

const split = (text: string) => splitBody(Buffer.from(text), 1_000)

/** The whole again; null: refused. */
async function whole(text: string): Promise<unknown> {
  const { members, features } = await split(text)
  return features ? { ...members, features: features.map(parseJson) } : members
}

async function refusal(text: string | Buffer): Promise<string | null> {
  try {
    await whole(text.toString())
    return null
  } catch (error) {
    if (error instanceof Problem) return String(error.members['parameter'])
    throw error
  }
}

describe('a body taken apart', () => {
  it('is what JSON.parse makes of it', async () => {
    const key = fc.oneof(fc.constantFrom('features', 'type', '__proto__', ''), fc.string())
    const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true })
    await fc.assert(
      fc.asyncProperty(object, fc.constantFrom(0, 1, ' \n\t'), async (value, space) => {
        const text = JSON.stringify(value, null, space)
        expect(await whole(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  it('is refused where JSON.parse refuses it', async () => {
    const token = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"features"', '"a"', '1', 'null', ' ', '"', 'x', '\\'],
    )
    const text = fc.array(token, { maxLength: 12 }).map((tokens) => `{"a":1,${tokens.join('')}}`)
    await fc.assert(
      fc.asyncProperty(text, async (each) => {
        let isJson = true
        try {
          JSON.parse(each)
        } catch {
          isJson = false
        }
        expect((await refusal(each)) === null, each).toBe(isJson)
      }),
      { numRuns: 3_000 },
    )
  })

  it('takes the last of members of one name', async () => {
    expect(await whole('{"features":[1],"features":2}')).toEqual({ features: 2 })
    expect(await whole('{"features":2,"f\\u0065atures":[1]}')).toEqual({ features: [1] })
  })

  it('may begin with a byte order mark', async () => {
    expect(await whole('\uFEFF{"a":1}')).toEqual({ a: 1 })
  })

  it.each([
    ['an array', '[]', 'body'],
    ['nothing', ' ', 'body'],
    ['what goes on behind it', '{} {}', 'body'],
    ['deep nesting', `{"a":${'['.repeat(100_000)}`, 'body'],
    ['deep nesting of a feature', `{"features":[${'['.repeat(65)}${']'.repeat(65)}]}`, 'body'],
    ['too many features', `{"features":[${'[],'.repeat(1_000)}[]]}`, 'features'],
    ['too many values', `{"geometry":[${'[],'.repeat(500_000)}[]]}`, 'geometry'],
    ['too many of a feature', `{"features":[1,[${'[],'.repeat(500_000)}[]]]}`, 'features[1]'],
  ])('is not %s', async (_, text, parameter) => expect(await refusal(text)).toBe(parameter))

  it('is UTF-8', async () => {
    const bytes = Buffer.from('{"a":"\xff"}', 'latin1')
    await expect(splitBody(bytes, 1)).rejects.toThrow('body: is not UTF-8')
  })
})
