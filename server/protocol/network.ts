/** Of all that is no address: whoever sends such a thing shares one count with all who do. */
const UNKNOWN = 'unknown'

/**
 * The network an address belongs to, for counting: an IPv4 address itself; of an IPv6 address its
 * /64, because whoever has one address has all of those.
 * @param address also with a port, as some proxies write it into `X-Forwarded-For`: `192.0.2.7:5678`,
 *   `[2001:db8::7]:5678`; what is no address is of the network `unknown`
 */
export function networkOf(address: string): string {
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?$/i.exec(address)?.[1]
  if (v4) return v4.split('.').every((part) => Number(part) <= 255) ? v4 : UNKNOWN
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(address)?.[1]
  // An IPv4-mapped address may stand in brackets too.
  if (bracketed !== undefined) return bracketed.includes(':') ? networkOf(bracketed) : UNKNOWN
  const groups = groupsOf(address.replace(/%.*$/s, ''))
  return groups === null ? UNKNOWN : `${groups.slice(0, 4).join(':')}::/64`
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2), without leading zeros; null: it is none. */
function groupsOf(address: string): string[] | null {
  const [before = [], after, ...others] = address
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':')))
  const given = before.length + (after?.length ?? 0)
  if (others.length > 0 || (after ? given > 7 : given !== 8)) return null
  const groups = [...before, ...Array<string>(8 - given).fill('0'), ...(after ?? [])]
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return null
  return groups.map((group) => Number.parseInt(group, 16).toString(16))
}
