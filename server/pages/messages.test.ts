import { expect, it } from 'vitest'
import { acceptedLanguages, messagesFor } from './messages.ts'

it('reads the languages of a browser, the most wanted first', () => {
  expect(acceptedLanguages('da, en-GB;q=0.7, de;q=0.9, *;q=0.1, fr;q=0')).toEqual([
    'da',
    'de',
    'en-GB',
  ])
  expect(acceptedLanguages(undefined)).toEqual([])
})

it('falls back to English', () => {
  expect(messagesFor(['tlh', 'en-GB']).language).toBe('en')
  expect(messagesFor([]).language).toBe('en')
})
