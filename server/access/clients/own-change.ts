import type { Client } from './client.ts'
import type { RequestedClient } from './registration.ts'

/**
 * What a client may make of its own settings, by RFC 7592 or by its metadata document: an operator may
 * have taken scopes or grants from it, or asked more of it, since it wrote down what it wants. It gets
 * no scope and no grant that it has not, and what it must do it must go on doing.
 */
export function ownChange(
  before: Client,
  requested: Omit<RequestedClient, 'type'>,
): Omit<RequestedClient, 'type'> {
  return {
    ...requested,
    scopes: requested.scopes.filter((scope) => before.scopes.includes(scope)),
    grants: requested.grants.filter((grant) => before.grants.includes(grant)),
    requirePkce: before.requirePkce || requested.requirePkce === true,
    requirePar: before.requirePar || requested.requirePar === true,
    dpopBound: before.dpopBound || requested.dpopBound === true,
  }
}
