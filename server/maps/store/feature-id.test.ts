import { expect, it } from 'vitest'
import { isFeatureId } from './feature-id.ts'

it.each(['1', '...', 'a/b?c#d é', '.a', '😀', 'x'.repeat(128)])('takes %j', (id) => {
  expect(isFeatureId(id)).toBe(true)
})

it.each(['', '.', '..', 'a\u0000', 'a\nb', '\u0085', '\uD800', 'x'.repeat(129), '😀'.repeat(65)])(
  'refuses %j',
  (id) => {
    expect(isFeatureId(id)).toBe(false)
  },
)
