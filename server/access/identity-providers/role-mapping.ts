import { ROLES, type Role } from '../accounts/account.ts'
import type { IdentityProvider } from './identity-provider.ts'

/** More values than these no claim is read for. */
const MAXIMUM_VALUES = 1_000

/**
 * The role that the provider's claim gives: of several the strongest, a viewer where none is known
 * here. The claim is a text, a list of texts, or a list of objects with a `role`.
 * @returns null when the provider says nothing of roles
 */
export function mappedRole(
  { roleClaim, roles }: Pick<IdentityProvider, 'roleClaim' | 'roles'>,
  claims: Readonly<Record<string, unknown>>,
): Role | null {
  if (roleClaim === null) return null
  const claim = Object.hasOwn(claims, roleClaim) ? claims[roleClaim] : undefined
  const given = new Set(
    [claim]
      .flat()
      .slice(0, MAXIMUM_VALUES)
      .map(toText)
      .map((value) => (value !== null && Object.hasOwn(roles, value) ? roles[value] : undefined)),
  )
  return ROLES.find((role) => given.has(role)) ?? 'viewer'
}

function toText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || !('role' in value)) return null
  return typeof value.role === 'string' ? value.role : null
}
