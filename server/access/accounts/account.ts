/** A person who signs in. */
export interface Account {
  /** A decimal int64; tokens name it as `sub` (see `subjectOf`). */
  id: string
  email: string
  emailConfirmed: boolean
  name: string
  hasPassword: boolean
  /** Whether one-time codes of an authenticator app are in use. */
  hasTotp: boolean
  /** Runs the whole installation. */
  operator: boolean
  suspended: boolean
  createdAt: number
}

/** What a person may do for a customer, the most first. */
export const ROLES = ['owner', 'admin', 'developer', 'viewer'] as const

export type Role = (typeof ROLES)[number]

export interface Membership {
  accountId: string
  customerId: string
  customerName: string
  role: Role
  createdAt: number
}

/**
 * The `sub` of a person's tokens. No client id has a colon, so that a client can never pass for a
 * person (RFC 9700 §4.15).
 */
export function subjectOf(accountId: string): string {
  return `account:${accountId}`
}
