import { expect, it } from 'vitest'
import { DEFAULT_PATH, localPath } from './local-path.ts'

it.each(['/', '/account', '/applications/7?new=1#secrets', '/sign-in?interaction=a-b', '/a//b'])(
  'goes on to %s',
  (path) => {
    expect(localPath(path)).toBe(path)
  },
)

it.each([
  '',
  'account',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/\t/evil.example',
  '/a\r\nSet-Cookie: x=y',
  '/ä',
  `/${'a'.repeat(2_000)}`,
])('does not go on to %j', (path) => {
  expect(localPath(path)).toBe(DEFAULT_PATH)
})
