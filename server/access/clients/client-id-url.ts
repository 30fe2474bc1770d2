/** As long as a URL can be in the places that name a client. */
const MAXIMUM_LENGTH = 500

/**
 * Whether a client id is the URL of its metadata document. No other id has a colon
 * (`CLIENT_ID_PATTERN`), so that the two never meet.
 */
export function isClientIdUrl(id: string): boolean {
  return id.startsWith('https://') || id.startsWith('http://')
}

/**
 * What speaks against a client id URL, by draft-ietf-oauth-client-id-metadata-document §3: https, a
 * path, no dot segments, fragment, user or password; and no query, which the draft advises against.
 * It must be written as the URL parser writes it, so that one document has one id.
 */
export function faultOfClientIdUrl(
  id: string,
  isAllowedHost: (url: URL) => boolean,
): string | null {
  if (id.length > MAXIMUM_LENGTH || !URL.canParse(id)) return 'it is not a URL'
  const url = new URL(id)
  // Dot segments, upper-case hosts, default ports and blanks are gone from `href`.
  if (url.href !== id) return 'it is not written in its normal form'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isAllowedHost(url))) {
    return 'it is not https'
  }
  if (url.pathname === '/') return 'it has no path'
  if (url.search !== '' || id.includes('?')) return 'it has a query'
  if (url.hash !== '' || id.includes('#')) return 'it has a fragment'
  if (url.username !== '' || url.password !== '') return 'it has a user or password'
  return null
}
