/**
 * Where to go on when nothing was asked for.
 */
export const DEFAULT_PATH = '/account'

/**
 * A path of this server that a URL or a form names, so that no sign-in ends at somebody else's
 * (RFC 9700 §4.11). Browsers read `//host` and `/\host` as another server, and skip control characters.
 */
export function localPath(given: string | null): string {
  if (given === null || given.length > 2_000) return DEFAULT_PATH
  return /^\/(?!\/)[\x21-\x5B\x5D-\x7E]*$/.test(given) ? given : DEFAULT_PATH
}
