import type { Caller } from '../access/tokens/access-token.ts'

/** Whose calls these are counted with: people who share a client must not use up each other's calls. */
export function countedFor({ clientId, claims }: Caller): string {
  return claims.shared ? claims.sub : clientId
}
