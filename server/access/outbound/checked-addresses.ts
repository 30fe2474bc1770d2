import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { isPublicAddress } from './public-address.ts'

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<LookupAddress[]>

/**
 * What speaks against requesting the URL, before anything is looked up; null: nothing.
 * @param internal the configuration lets its host be internal, and plain http
 */
export function refusedUrl(url: URL, internal: boolean): string | null {
  if (url.protocol !== 'https:' && !(internal && url.protocol === 'http:')) return 'it is not https'
  if (url.username !== '' || url.password !== '') return 'it has a user or password'
  // Ports of other services could be talked to by a request that looks like theirs.
  const port = Number(url.port || 443)
  if (!internal && port !== 443 && port < 1_024) return 'its port is neither 443 nor above 1023'
  return null
}

/**
 * What speaks against a URL that is to be fetched later, as far as it can be told without looking
 * anything up: for whoever registers it. Completes the sentence "the URL ...".
 */
export function faultOfFetchedUrl(
  text: string,
  isAllowedHost: (url: URL) => boolean,
): string | null {
  if (text.length > 2_000 || !URL.canParse(text)) return 'is not a URL'
  const url = new URL(text)
  const internal = isAllowedHost(url)
  const refused = refusedUrl(url, internal)
  if (refused !== null) return `cannot be fetched: ${refused}`
  const host = hostOf(url)
  const local = host === 'localhost' || host.endsWith('.localhost')
  if (internal || (!local && (isIP(host) === 0 || isPublicAddress(host)))) return null
  return 'cannot be fetched: its host is not a public one'
}

/**
 * The addresses behind a URL, all of them checked; or what speaks against them. One that is not
 * public is enough to refuse: which of them a connection would take is not ours to say.
 */
export async function checkedAddresses(
  url: URL,
  resolve: Resolve,
  internal: boolean,
): Promise<LookupAddress[] | string> {
  const host = hostOf(url)
  const family = isIP(host)
  const addresses = family === 0 ? await resolve(host).catch(() => []) : [{ address: host, family }]
  if (addresses.length === 0) return 'its host is not known'
  if (internal || addresses.every(({ address }) => isPublicAddress(address))) return addresses
  return 'its host is not a public one'
}

/** Without the brackets of an IPv6 address. */
const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '')
