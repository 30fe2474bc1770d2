import ipaddr from 'ipaddr.js'

/**
 * Whether an address is one that any host of the Internet could have: not this machine, not this
 * network, not a tunnel that leads back into it. What is not known to be public is not.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed instanceof ipaddr.IPv6) {
    if (parsed.isIPv4MappedAddress()) return isPublicAddress(parsed.toIPv4Address().toString())
    // Global unicast alone (RFC 4291 §2.4): NAT64, IPv4-compatible and local addresses are outside
    // of it, 6to4 and Teredo have ranges of their own in it.
    return parsed.match(GLOBAL_UNICAST) && parsed.range() === 'unicast'
  }
  return parsed.range() === 'unicast' && !CLOUD_INTERNAL.has(parsed.toString())
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Public by number, but answered inside of a cloud: Azure's platform services. */
const CLOUD_INTERNAL = new Set(['168.63.129.16'])
