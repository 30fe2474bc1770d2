import { expect, it } from 'vitest'
import { parseWebOrigin } from './web-origin.ts'

it.each([
  ['https://maps.example.com', 'https://maps.example.com'],
  ['HTTPS://Maps.Example.com:443', 'https://maps.example.com'],
  ['https://maps.example.com:8443', 'https://maps.example.com:8443'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['http://localhost:5173', 'http://localhost:5173'],
  ['http://[::1]:5173', 'http://[::1]:5173'],
])('takes %s', (text, origin) => {
  expect(parseWebOrigin(text)).toBe(origin)
})

it.each([
  'maps.example.com',
  'null',
  '*',
  'https://*.example.com',
  'http://maps.example.com',
  'https://maps.example.com/',
  'https://maps.example.com/app',
  'https://maps.example.com?',
  'https://maps.example.com#',
  'https://user@maps.example.com',
  'https://@maps.example.com',
  'javascript:alert(1)',
  'file:///etc',
  `https://${'a'.repeat(300)}.example`,
  '',
])('refuses %s', (text) => {
  expect(parseWebOrigin(text)).toBeNull()
})
