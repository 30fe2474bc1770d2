/**
 * Redirect URIs (RFC 6749 §3.1.2): which may be registered, and which of a request is one of those.
 * Both are asked everywhere a client names one, so that no way in is laxer than another.
 */

/** Longer ones are nobody's. */
const MAXIMUM_REDIRECT_URI_LENGTH = 2_000

export type RedirectUriJudgement = { kind: 'good' } | { kind: 'refused'; reason: string }

/**
 * Whether a client may register it. Good are `https:`, `http:` on a loopback host (RFC 8252 §7.3),
 * and for public clients schemes of an app's own in reverse domain name form (RFC 8252 §7.1).
 * @returns `reason` completes the sentence "the redirect URI ..."
 */
export function judgeRedirectUri(
  uri: string,
  client: { type: 'confidential' | 'public' },
): RedirectUriJudgement {
  const refused = (reason: string): RedirectUriJudgement => ({ kind: 'refused', reason })
  if (uri.length > MAXIMUM_REDIRECT_URI_LENGTH) return refused('is too long')
  // What URL parsers mend or ignore, two of them may read differently.
  if (!PRINTABLE.test(uri)) return refused('has characters that must be percent-encoded')
  const url = URL.canParse(uri) ? new URL(uri) : null
  if (!url) return refused('is not an absolute URI')
  // RFC 6749 §3.1.2
  if (uri.includes('#')) return refused('must not have a fragment')
  const scheme = url.protocol.slice(0, -1)
  if (!uri.toLowerCase().startsWith(`${scheme}:`)) return refused('is malformed')
  if (scheme === 'https' || scheme === 'http') {
    if (!uri.slice(scheme.length).startsWith('://')) return refused('is malformed')
    if (url.username !== '' || url.password !== '' || authorityOf(uri).includes('@')) {
      return refused('must not have user information')
    }
    if (scheme === 'http' && !isLoopback(url)) return refused('must use https')
    return { kind: 'good' }
  }
  // A name of one word may be a browser's own: `javascript`, `data`, `blob`, `vbscript`, `file`.
  if (!APP_SCHEME.test(scheme)) {
    return refused('must use https, or a scheme in reverse domain name form (com.example.app)')
  }
  if (client.type !== 'public') return refused('must use https')
  return { kind: 'good' }
}

/**
 * Whether the URI of a request is the registered one: equal to the letter (RFC 9700 §2.1), save for
 * the port of a loopback address, which a native app only knows when it runs (RFC 8252 §7.3).
 */
export function matchesRedirectUri(registered: string, requested: string): boolean {
  if (registered === requested) return true
  const known = LOOPBACK.exec(registered)
  const asked = LOOPBACK.exec(requested)
  if (!known || !asked || known[1] !== asked[1] || known[3] !== asked[3]) return false
  const port = asked[2] === undefined ? 80 : Number(asked[2])
  return (
    port >= 1 && port <= 65_535 && judgeRedirectUri(requested, { type: 'public' }).kind === 'good'
  )
}

/** Scheme and host, port, and the rest. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?((?:[/?].*)?)$/

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === '127.0.0.1' || hostname === '[::1]' || hostname === 'localhost'

/** What lies between `://` and the path. */
const authorityOf = (uri: string): string => /^[^:]*:\/\/([^/?#\\]*)/.exec(uri)?.[1] ?? ''

/** Visible ASCII but for what no URI holds unencoded. */
const PRINTABLE = /^[\x21\x23-\x3B\x3D\x3F-\x5B\x5D\x5F\x61-\x7A\x7E]+$/

/** RFC 8252 §7.1: at least one dot. */
const APP_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+$/
