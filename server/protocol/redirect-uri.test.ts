import { describe, expect, it } from 'vitest'
import { judgeRedirectUri, matchesRedirectUri } from './redirect-uri.ts'

const judge = (uri: string, type: 'confidential' | 'public' = 'confidential') => {
  const judged = judgeRedirectUri(uri, { type })
  return judged.kind === 'good' ? 'good' : judged.reason
}

describe('a redirect URI that may be registered', () => {
  it.each([
    'https://example.com/callback',
    'https://example.com',
    'https://example.com:8443/a/b?tenant=1&x=%20',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:8080/callback',
    'http://[::1]:3000/',
    'http://localhost:5173/callback',
  ])('is %s', (uri) => expect(judge(uri)).toBe('good'))

  it('is an app scheme of a public client (RFC 8252 §7.1)', () => {
    expect(judge('com.example.app:/callback', 'public')).toBe('good')
    expect(judge('com.example.app:/callback')).toBe('must use https')
  })

  it.each([
    ['javascript:alert(1)', 'reverse domain name'],
    ['JavaScript:alert(1)', 'reverse domain name'],
    ['javascript://example.com/%0aalert(1)', 'reverse domain name'],
    ['data:text/html,x', 'reverse domain name'],
    ['vbscript:x', 'reverse domain name'],
    ['file:///etc/passwd', 'reverse domain name'],
    ['blob:https://example.com/1', 'reverse domain name'],
    ['http://example.com/callback', 'https'],
    ['http://127.0.0.1.example.com/', 'https'],
    ['http://localhost.example.com/', 'https'],
    ['https://example.com/callback#x', 'fragment'],
    ['https://example.com/callback#', 'fragment'],
    ['https://user@example.com/', 'user information'],
    ['https://user:secret@example.com/', 'user information'],
    ['https://@example.com/', 'user information'],
    ['https://example.com\\@evil.example/', 'percent-encoded'],
    ['https://exa mple.com/', 'percent-encoded'],
    [' https://example.com/', 'percent-encoded'],
    ['https://example.com/\n', 'percent-encoded'],
    ['https://example.com/\t', 'percent-encoded'],
    ['https://éxample.com/', 'percent-encoded'],
    ['https:example.com', 'malformed'],
    ['https:/example.com', 'malformed'],
    ['https://', 'absolute'],
    ['/callback', 'absolute'],
    ['//example.com', 'absolute'],
    ['', 'percent-encoded'],
    [`https://example.com/${'a'.repeat(2_000)}`, 'too long'],
  ])('is not %j', (uri, reason) => {
    expect(judge(uri, 'public')).toContain(reason)
  })
})

describe('RFC 9700 §2.1', () => {
  const REGISTERED = 'https://example.com/callback'

  it.each([
    'https://example.com/callback/',
    'https://example.com/callback?x=1',
    'https://example.com/Callback',
    'https://EXAMPLE.com/callback',
    'https://example.com:443/callback',
    'https://example.com:8443/callback',
    'https://example.com/x/../callback',
    'https://example.com/%63allback',
    'https://example.com.evil.example/callback',
    'https://example.com@evil.example/callback',
    'http://example.com/callback',
    'https://example.com/callback#x',
  ])('compares to the letter: %s', (requested) => {
    expect(matchesRedirectUri(REGISTERED, requested)).toBe(false)
  })

  it('takes the same', () => expect(matchesRedirectUri(REGISTERED, REGISTERED)).toBe(true))
})

describe('RFC 8252 §7.3', () => {
  it.each([
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb'],
    ['http://127.0.0.1:8080/cb', 'http://127.0.0.1:51004/cb'],
    ['http://127.0.0.1:8080/cb', 'http://127.0.0.1/cb'],
    ['http://[::1]/cb?a=1', 'http://[::1]:51004/cb?a=1'],
    ['http://localhost/', 'http://localhost:1/'],
  ])('lets the port of %s be another: %s', (registered, requested) => {
    expect(matchesRedirectUri(registered, requested)).toBe(true)
  })

  it.each([
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/other'],
    ['http://127.0.0.1/cb', 'http://localhost:51004/cb'],
    ['http://127.0.0.1/cb', 'https://127.0.0.1:51004/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:70000/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:0/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:80@evil.example/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:51004/cb#x'],
    ['http://127.0.0.1/cb', 'http://127.0.0.2:51004/cb'],
    ['http://localhost', 'http://localhost.evil.example'],
    ['http://localhost', 'http://localhost:80.evil.example'],
    ['https://example.com/cb', 'https://example.com:8443/cb'],
  ])('lets nothing else of %s be another: %s', (registered, requested) => {
    expect(matchesRedirectUri(registered, requested)).toBe(false)
  })
})
