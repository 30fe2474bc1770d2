import { type Command, Option } from 'commander'
import {
  type Client,
  type ClientChanges,
  MAXIMUM_TOKEN_LIFETIME_SECONDS,
} from '../access/clients/client.ts'
import type { Apis } from '../access/scopes/apis.ts'
import {
  clientLines,
  clientState,
  requireClient,
  showClient,
  unknownClient,
  unknownScope,
} from './client-details.ts'
import { storeAreas } from './client-areas.ts'
import {
  addClientSettings,
  type ClientSettings,
  judgedChanges,
  settingsOf,
} from './client-settings.ts'
import { addCommand, addGroup, addPaging, id, page, seconds, text, words } from './define.ts'
import { unknownCustomer } from './customers.ts'
import { table, time } from './output.ts'
import { misused, onData, Refusal, type Session } from './run.ts'
import { secretLines, SHOWN_ONCE } from './secret-details.ts'

/** `mapgate clients`: registered applications. Their secrets are in `secrets.ts`. */
export function addClientsCommand(program: Command): void {
  const clients = addGroup(program, 'clients', 'Manage clients: the registered applications.')
  addProperties(
    addCommand(clients, 'create', 'Create a client.', [
      'mapgate clients create --customer lund --name "Nightly import" --secret "first"',
      'mapgate clients create --customer lund --name Kiosk --scope read --scope upload --token-lifetime 15m',
      'mapgate clients create --customer lund --name "Field app" --public --grant "authorization_code refresh_token" --redirect-uri https://app.example.com/callback',
    ])
      .requiredOption('--customer <id>', 'whose client it is')
      .requiredOption('--name <text>', 'its display name, up to 200 characters', text(200))
      .option('--id <id>', 'its client id (default: a random number)', id)
      .addOption(
        new Option('--type <type>', 'whether it can keep a secret (RFC 6749 §2.1)')
          .choices(['confidential', 'public'])
          .default('confidential'),
      )
      .option('--public', 'the same as --type public')
      .option('--api <id>', 'the API whose own client it is: it may introspect that API’s tokens')
      .option(
        '--secret <description>',
        'create a first secret under this description and print its text, once',
        text(200),
      ),
  ).action(onData(create))
  addPaging(
    addCommand(clients, 'list', 'List clients, by id.', [
      'mapgate clients list --customer lund',
    ]).option('--customer <id>', 'only those of this customer'),
  ).action(onData(list))
  addCommand(clients, 'show <id>', 'Show a client with its secrets and limits.', [
    'mapgate clients show 4711',
  ]).action(
    onData(async (session, clientId: string) =>
      showClient(session, await requireClient(session, clientId)),
    ),
  )
  addProperties(
    addCommand(
      clients,
      'change <id>',
      'Change a client. What is left out stays; --scope replaces all scopes. Tokens issued before keep what they have until they expire.',
      [
        'mapgate clients change 4711 --scope "read write" --token-lifetime 1h',
        'mapgate clients change 4711 --area madison.geojson',
      ],
    ).option('--name <text>', 'its display name, up to 200 characters', text(200)),
  ).action(onData(change))
  addCommand(
    clients,
    'suspend <id>',
    'Suspend a client. It cannot log in, and its tokens stop working within a second.',
    ['mapgate clients suspend 4711'],
  ).action(onData((session, clientId: string) => setSuspended(session, clientId, true)))
  addCommand(
    clients,
    'resume <id>',
    'End the suspension of a client. Its tokens that have not expired work again.',
    ['mapgate clients resume 4711'],
  ).action(onData((session, clientId: string) => setSuspended(session, clientId, false)))
  addCommand(
    clients,
    'delete <id>',
    'Delete a client for good, with its secrets and limits. All its tokens are dead.',
    ['mapgate clients delete 4711'],
  ).action(onData(remove))
}

interface Properties extends ClientSettings {
  name?: string
  description?: string
  scope?: string[]
  tokenLifetime?: number
  signingAlgorithm?: 'RS256' | 'default'
}

/** What can be given to a new client and changed later. */
function addProperties(command: Command): Command {
  const described = command
    .option('--description <text>', 'what it is for, up to 2000 characters', text(2_000))
    .option(
      '--scope <scopes>',
      'what it may ask for, repeatable or space-separated (new clients: read)',
      words,
    )
    .option(
      '--token-lifetime <duration>',
      'how long its access tokens live, 1m to 1d (new clients: tokens.defaultLifetimeSeconds)',
      seconds(60, MAXIMUM_TOKEN_LIFETIME_SECONDS),
    )
    .addOption(
      new Option('--signing-algorithm <name>', 'how its tokens are signed').choices([
        'RS256',
        'default',
      ]),
    )
  return addClientSettings(described)
}

function changesOf(options: Properties, apis: Apis): ClientChanges {
  const { name, description, scope, tokenLifetime, signingAlgorithm } = options
  if (scope) requireScopes(scope, apis)
  return {
    ...(name !== undefined && { displayName: name }),
    ...(description !== undefined && { description }),
    ...(scope && { scopes: scope }),
    ...(tokenLifetime !== undefined && { tokenLifetimeSeconds: tokenLifetime }),
    ...(signingAlgorithm && {
      signingAlgorithm: signingAlgorithm === 'default' ? null : signingAlgorithm,
    }),
    ...settingsOf(options),
  }
}

async function create(
  session: Session,
  options: Properties & {
    customer: string
    name: string
    id?: string
    type: Client['type']
    public?: boolean
    api?: string
    secret?: string
  },
): Promise<void> {
  const { access, actor, output } = session
  const { secret: description } = options
  const type = options.public === true ? 'public' : options.type
  if (type === 'public' && description !== undefined) {
    misused('a public client cannot keep a secret: leave out --secret')
  }
  if (options.api !== undefined && !access.apis.get(options.api)) {
    const known = access.apis.all.map((api) => api.id).join(', ')
    throw new Refusal('unknown-api', `There is no API “${options.api}”; there are ${known}.`)
  }
  const newClient = {
    scopes: ['read'],
    ...judgedChanges(access.clientRules, { type }, changesOf(options, access.apis)),
    displayName: options.name,
    customerId: options.customer,
    type,
    apiId: options.api ?? null,
    ...(options.id !== undefined && { id: options.id }),
  }
  // Both or neither: a client whose secret was lost on the way would be hard to explain.
  const { client, created } = await access.database.write(async (write) => {
    const areaIds = await storeAreas(session, write, options.area ?? [])
    const outcome = await access.clients.createIn(write, actor, { ...newClient, areaIds })
    if (outcome.kind === 'unknown-customer') return unknownCustomer(options.customer)
    if (outcome.kind === 'exists') {
      throw new Refusal('exists', `There is already a client “${options.id}”.`)
    }
    if (description === undefined) return { client: outcome.client, created: null }
    const made = await access.secrets.createIn(write, actor, outcome.client.id, {
      description,
      expiresAt: null,
    })
    if (made.kind !== 'created') throw new Error(`a new client got no secret: ${made.kind}`)
    return { client: outcome.client, created: made }
  })
  if (!created) {
    output.show(client, clientLines(client))
    return
  }
  const { secret, text: secretText } = created
  output.show(
    { ...client, secret: { ...secret, text: secretText } },
    `${clientLines(client)}\n\n${secretLines(secret, secretText)}`,
  )
  output.note(SHOWN_ONCE)
}

async function list(
  { access, output }: Session,
  { customer, limit, after }: { customer?: string; limit: number; after?: string },
): Promise<void> {
  if (customer !== undefined && !(await access.customers.find(customer))) unknownCustomer(customer)
  const found = await access.clients.list({
    customerId: customer ?? null,
    after: after ?? null,
    limit: limit + 1,
  })
  const { shown, next } = page(found, limit)
  const rows = shown.map((client) => [
    client.id,
    client.displayName,
    client.customerId,
    client.scopes.join(' ') || '-',
    clientState(client),
    time(client.createdAt),
  ])
  output.show(
    { clients: shown, next },
    rows.length > 0
      ? table(['ID', 'NAME', 'CUSTOMER', 'SCOPES', 'STATE', 'CREATED'], rows)
      : 'No clients. “mapgate clients create --customer <id> --name <text>” makes one.',
  )
  if (next !== null) output.note(`More follow: --after ${next}`)
}

async function change(session: Session, clientId: string, options: Properties): Promise<void> {
  const { access, actor, output } = session
  const { area } = options
  const changes = changesOf(options, access.apis)
  if (Object.keys(changes).length === 0 && !area)
    misused('nothing to change: give at least one option')
  const judged = judgedChanges(
    access.clientRules,
    (await access.clients.find(clientId)) ?? unknownClient(clientId),
    changes,
  )
  const client = await access.database.write(async (write) => {
    const areas = area && { areaIds: await storeAreas(session, write, area) }
    const changed = await access.clients.changeIn(write, actor, clientId, { ...judged, ...areas })
    return changed ?? unknownClient(clientId)
  })
  output.show(client, clientLines(client))
}

async function setSuspended(
  { access, actor, output }: Session,
  clientId: string,
  suspended: boolean,
): Promise<void> {
  const client =
    (await access.clients.setSuspended(actor, clientId, suspended)) ?? unknownClient(clientId)
  output.show(client, clientLines(client))
}

async function remove({ access, actor, output }: Session, clientId: string): Promise<void> {
  const outcome = await access.clients.delete(actor, clientId)
  if (outcome === 'unknown') unknownClient(clientId)
  output.show({ id: clientId, deleted: true }, `Client ${clientId} is deleted.`)
}

function requireScopes(scopes: readonly string[], apis: Apis): void {
  const unknown = scopes.find((scope) => !apis.ofScope(scope))
  if (unknown !== undefined) unknownScope(unknown, apis)
}
