/**
 * A web origin as browsers send it in `Origin` (RFC 6454 §6.2): scheme, host in lower case and
 * punycode, and the port unless it is the scheme's own.
 * @returns that form, or null when the text is no origin of a web page. http is taken for this
 * machine only: elsewhere anyone on the way could pretend to be that page.
 */
export function parseWebOrigin(text: string): string | null {
  // A path, a user or a wildcard would not count, and whoever wrote one believes that it does.
  if (text.length > MAXIMUM_LENGTH || !SHAPE.test(text) || !URL.canParse(text)) return null
  const { protocol, hostname, origin } = new URL(text)
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  return protocol === 'https:' || isLocal ? origin : null
}

const MAXIMUM_LENGTH = 300
const SHAPE = /^https?:\/\/[^/\\?#@*\s]+$/i
