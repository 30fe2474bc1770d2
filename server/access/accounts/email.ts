/**
 * An e-mail address as a person typed it: trimmed, in one Unicode form (NFKC); null when it cannot be
 * one. Only mail that arrives proves that it is one, so this refuses little: no part missing, no
 * spaces or control characters, at most 254 octets (RFC 5321 §4.5.3.1).
 */
export function parseEmail(text: string): string | null {
  if (text.length > 1_000) return null
  const email = text.normalize('NFKC').trim()
  if (Buffer.byteLength(email) > 254) return null
  return ADDRESS.test(email) ? email : null
}

/** What tells whether two addresses are the same one: case does not count. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase().normalize('NFKC')
}

// No quoted local parts, comments or lists: characters that mean something in a header are refused.
const ADDRESS =
  /^[^\s\p{C}@<>()[\]\\,;:"]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?)(?:\.[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?)*$/u
