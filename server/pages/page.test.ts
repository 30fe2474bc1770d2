import { expect, it } from 'vitest'
import { formTargets } from './page.ts'

it.each([
  ['https://app.example/callback?x=1', 'https://app.example'],
  ['http://127.0.0.1:4000/callback', 'http://127.0.0.1:4000'],
  ['http://[::1]:4000/callback', 'http:'],
  ['com.example.app:/callback', 'com.example.app:'],
])('lets a form end at %s', (redirectUri, source) => {
  expect(formTargets(redirectUri)).toEqual([source])
})

it.each([null, 'nonsense', "x';script-src *:y"])('lets no form end at %s', (redirectUri) => {
  expect(formTargets(redirectUri)).toEqual([])
})
