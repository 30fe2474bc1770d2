import { domainToASCII } from 'node:url'

/** Two labels at least, in ASCII, so that it can stand in a pattern of SQL. */
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/

/** The form in which domains are compared; null: it is none. */
export function parseDomain(text: string): string | null {
  const ascii = domainToASCII(text.trim().toLowerCase())
  return DOMAIN.test(ascii) ? ascii : null
}

/** The domain of an e-mail address; null: it has none that could be anybody's. */
export function domainOf(email: string): string | null {
  const at = email.lastIndexOf('@')
  return at < 1 ? null : parseDomain(email.slice(at + 1))
}
