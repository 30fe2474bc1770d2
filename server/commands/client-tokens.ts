import type { Command } from 'commander'
import type { Client } from '../access/clients/client.ts'
import { parseWebOrigin } from '../access/client-tokens/web-origin.ts'
import { requireClient, unknownClient } from './client-details.ts'
import { addCommand, addGroup, words } from './define.ts'
import { lines } from './output.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate client-token`: the long-lived token with which a page or an app reads public map data. */
export function addClientTokenCommand(program: Command): void {
  const group = addGroup(
    program,
    'client-token',
    'Show, replace and limit client tokens. With one, a web page or an app reads public map data; it acts for nobody and manages nothing.',
  )
  addCommand(group, 'show', 'Show the client token of a client, as often as you like.', [
    'mapgate client-token show --client 4711',
    'mapgate client-token show --client 4711 --json | jq -r .clientToken',
  ])
    .requiredOption('--client <id>', 'whose token')
    .action(onData(show))
  addCommand(
    group,
    'regenerate',
    'Replace the client token of a client. The token before it is dead within a second, wherever it stands. It asks for no confirmation.',
    ['mapgate client-token regenerate --client 4711'],
  )
    .requiredOption('--client <id>', 'whose token')
    .action(onData(regenerate))
  addCommand(
    group,
    'limit',
    'Limit what a client token may do, and from which web pages. What is not named stays as it is.',
    [
      'mapgate client-token limit --client 4711 --origin https://maps.example.com',
      'mapgate client-token limit --client 4711 --scope read --origin any',
    ],
  )
    .requiredOption('--client <id>', 'whose token')
    .option(
      '--scope <scopes>',
      'what it may do, space-separated or repeated; none: nothing; default: read, if the client may',
      words,
    )
    .option(
      '--origin <origins>',
      'web origins that may use it (https://host, or http://localhost:port); any: not limited',
      words,
    )
    .action(onData(limit))
}

async function show(session: Session, options: { client: string }): Promise<void> {
  showToken(session, await requireClient(session, options.client))
}

async function regenerate(session: Session, options: { client: string }): Promise<void> {
  const { access, actor } = session
  const text = await access.clientTokens.regenerate(actor, options.client)
  if (text === null) unknownClient(options.client)
  showToken(session, await requireClient(session, options.client))
  session.output.note('The token before it is dead.')
}

async function limit(
  session: Session,
  options: { client: string; scope?: string[]; origin?: string[] },
): Promise<void> {
  const { access, actor } = session
  const client = await requireClient(session, options.client)
  const { scope, origin } = options
  const changed = await access.clients.change(actor, client.id, {
    ...(scope && { clientTokenScopes: toTokenScopes(session, client, scope) }),
    ...(origin && { webOrigins: toOrigins(origin) }),
  })
  showToken(session, changed ?? unknownClient(client.id))
}

function toTokenScopes({ access }: Session, client: Client, names: string[]): string[] | null {
  if (only(names, 'default')) return null
  if (only(names, 'none')) return []
  const possible = access.clientTokens.possibleScopesOf(client)
  const wrong = names.find((name) => !possible.includes(name))
  if (wrong === undefined) return names
  throw new Refusal(
    'not-for-client-tokens',
    `The client token of ${client.id} cannot have the scope “${wrong}”; it can have ${possible.join(', ') || 'none'}: “read” and scopes of further APIs, as far as the client has them itself.`,
  )
}

function toOrigins(texts: string[]): string[] {
  if (only(texts, 'any')) return []
  return texts.map((text) => {
    const origin = parseWebOrigin(text)
    if (origin !== null) return origin
    throw new Refusal(
      'bad-origin',
      `“${text}” is not a web origin: it must be https://host, https://host:port, or http://localhost:port, without a path.`,
    )
  })
}

const only = (given: readonly string[], word: string) => given.length === 1 && given[0] === word

function showToken({ access, output }: Session, client: Client): void {
  const { id: clientId, webOrigins } = client
  const clientToken = access.clientTokens.textOf(client)
  const scopes = access.clientTokens.scopesOf(client)
  output.show(
    { clientId, clientToken, scopes, webOrigins },
    lines({
      client: clientId,
      'client token': clientToken,
      scopes: scopes.join(' ') || 'none',
      'web origins': webOrigins.join(' ') || 'any',
    }),
  )
  if (client.suspended || client.customerSuspended) {
    output.note('The client is suspended: its token is refused until it is resumed.')
  }
}
