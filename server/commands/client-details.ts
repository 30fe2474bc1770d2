import type { Client } from '../access/clients/client.ts'
import type { Apis } from '../access/scopes/apis.ts'
import { formatDuration } from '../lib/durations.ts'
import { areasTable, findAreas } from './client-areas.ts'
import { limitRows, limitsOf, limitsTable } from './limit-details.ts'
import { lines, time } from './output.ts'
import { Refusal, type Session } from './run.ts'
import { secretsTable } from './secret-details.ts'

/** How clients are shown, and what is said of one that is not there. */

export function clientLines(client: Client): string {
  return lines({
    id: client.id,
    name: client.displayName,
    ...(client.description !== '' && { description: client.description }),
    customer: client.customerId,
    type: client.type,
    scopes: client.scopes.join(' ') || 'none',
    grants: client.grants.join(' ') || 'none',
    'logs in by': client.authMethod,
    ...(client.redirectUris.length > 0 && { 'redirect URIs': client.redirectUris.join(' ') }),
    ...(client.postLogoutRedirectUris.length > 0 && {
      'after sign-out': client.postLogoutRedirectUris.join(' '),
    }),
    ...(client.website !== '' && { website: client.website }),
    ...(client.jwksUri !== null && { keys: client.jwksUri }),
    ...(client.jwks !== null && { keys: `${client.jwks.keys.length} by value` }),
    ...(client.profile !== null && { profile: client.profile }),
    ...demands(client),
    ...(client.areaIds.length > 0 && { 'limited to areas': String(client.areaIds.length) }),
    'token lifetime': formatDuration(client.tokenLifetimeSeconds * 1_000),
    'signing algorithm': client.signingAlgorithm ?? 'default',
    ...(client.apiId !== null && { 'own client of API': client.apiId }),
    state: clientState(client),
    created: time(client.createdAt),
  })
}

/** What differs from the default of what it must or may do. */
function demands(client: Client): Record<string, string> {
  const said = [
    ...(client.requirePkce ? [] : ['PKCE not required']),
    ...(client.requirePar ? ['pushed requests required'] : []),
    ...(client.dpopBound ? ['DPoP required'] : []),
    ...(client.refreshMode === 'keep' ? ['refresh tokens kept'] : []),
    ...(client.idTokenAlgorithm === null ? [] : [`ID tokens by ${client.idTokenAlgorithm}`]),
  ]
  return {
    ...(said.length > 0 && { rules: said.join(', ') }),
    ...(client.webOrigins.length > 0 && { 'web origins': client.webOrigins.join(' ') }),
    ...(client.registration !== 'operator' && { registration: client.registration }),
  }
}

export function clientState(client: Client): string {
  if (client.suspended) return 'suspended'
  return client.customerSuspended ? 'suspended with its customer' : 'active'
}

/** With everything that hangs on it. */
export async function showClient(session: Session, client: Client): Promise<void> {
  const { access, settings, output } = session
  const areas = await findAreas(session, client)
  const secrets = await access.secrets.list(client.id)
  const limits = limitsOf(settings, await access.limits.listOverrides()).filter(
    (limit) => limit.clientId === client.id,
  )
  output.show(
    { ...client, areas, secrets, limits },
    [
      clientLines(client),
      ...(areas.length > 0 ? [`Areas, each of which applies:\n${areasTable(areas)}`] : []),
      `Secrets:\n${secrets.length > 0 ? secretsTable(secrets) : 'None: it cannot log in.'}`,
      `Limits of its own:\n${limits.length > 0 ? limitsTable(limitRows(limits)) : 'None: those of every client apply (mapgate limits list).'}`,
    ].join('\n\n'),
  )
}

/** @throws Refusal when there is no such client */
export async function requireClient({ access }: Session, clientId: string): Promise<Client> {
  return (await access.clients.find(clientId)) ?? unknownClient(clientId)
}

export function unknownClient(clientId: string): never {
  throw new Refusal(
    'unknown-client',
    `There is no client “${clientId}” (mapgate clients list shows them).`,
  )
}

export function unknownScope(scope: string, apis: Apis): never {
  const known = apis.all.flatMap((api) => api.scopes.map(({ name }) => name)).join(', ')
  throw new Refusal('unknown-scope', `No API declares the scope “${scope}”; there are ${known}.`)
}
