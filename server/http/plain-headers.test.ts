import type { IncomingMessage } from 'node:http'
import { expect, it } from 'vitest'
import { plainHeaders } from './plain-headers.ts'

const of = (...rawHeaders: string[]) => plainHeaders({ rawHeaders } as IncomingMessage)

it('are those that a shortcut looks at, however they are written', () => {
  expect(
    of(
      'Host',
      'a',
      'AUTHORIZATION',
      'Bearer b',
      'Origin',
      'c',
      'If-None-Match',
      'd',
      'Referer',
      'e',
    ),
  ).toEqual({ authorization: 'Bearer b', origin: 'c', 'if-none-match': 'd' })
  expect(of('Accept-Encoding', 'gzip', 'content-length', '0')).toEqual({
    'accept-encoding': 'gzip',
  })
})

it('are not plain when one is there twice, though it be empty', () => {
  expect(of('Authorization', '', 'Host', 'a', 'authorization', 'Bearer b')).toBeNull()
  expect(of('Accept-Encoding', 'gzip', 'Accept-Encoding', 'gzip;q=0')).toBeNull()
})
