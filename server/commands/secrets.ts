import type { Command } from 'commander'
import type { CreateOutcome } from '../access/secrets/secrets.ts'
import { requireClient, unknownClient } from './client-details.ts'
import { addCommand, addGroup, integer, seconds, text } from './define.ts'
import { onData, Refusal, type Session } from './run.ts'
import { secretLines, secretsTable, SHOWN_ONCE } from './secret-details.ts'

/** `mapgate secrets`: what clients log in with. */
export function addSecretsCommand(program: Command): void {
  const secrets = addGroup(
    program,
    'secrets',
    'Manage client secrets. The text of a secret is printed once, when it is created, on stdout.',
  )
  addCommand(secrets, 'create', 'Create a secret. The client’s other secrets go on working.', [
    'mapgate secrets create --client 4711 --description "build server" --expires-in 90',
    'mapgate secrets create --client 4711 --json | jq -r .secret.text',
  ])
    .requiredOption('--client <id>', 'whose secret it is')
    .option('--description <text>', 'what it is for, up to 200 characters', text(200))
    .option(
      '--expires-in <days>',
      'days until it expires, 1 to 3650 (default: never)',
      integer(1, 3_650),
    )
    .action(onData(create))
  addCommand(secrets, 'list', 'List the secrets of a client, oldest first, without their texts.', [
    'mapgate secrets list --client 4711 --all',
  ])
    .requiredOption('--client <id>', 'whose secrets')
    .option('--all', 'also those that are deleted or expired, for the 2 days they are kept')
    .action(onData(list))
  addCommand(
    secrets,
    'delete <secret-id>',
    'Delete a secret. Nobody can log in with it any more. Tokens obtained with it go on working until they expire, but create no further secrets, unless --revoke-tokens ends them too.',
    [
      'mapgate secrets delete 0123456789abcdef01234567 --client 4711',
      'mapgate secrets delete 0123456789abcdef01234567 --client 4711 --revoke-tokens --delete-created',
    ],
  )
    .requiredOption('--client <id>', 'whose secret it is')
    .option('--revoke-tokens', 'end all tokens obtained with it, within a second')
    .option('--delete-created', 'delete the secrets that were created with it too, and so on')
    .action(onData(remove))
  addCommand(
    secrets,
    'roll',
    'Replace all secrets of a client by a new one. The old ones work on for the overlap, so that running programs can be given the new one. After a leak: --overlap 0 --revoke-tokens.',
    [
      'mapgate secrets roll --client 4711 --overlap 7d',
      'mapgate secrets roll --client 4711 --overlap 0 --revoke-tokens',
    ],
  )
    .requiredOption('--client <id>', 'whose secrets')
    .option('--description <text>', 'of the new secret, up to 200 characters', text(200))
    .option(
      '--overlap <duration>',
      'how long the old ones work on, 0 to 30d (default: secrets.defaultOverlapSeconds)',
      seconds(0, 2_592_000),
    )
    .option('--revoke-tokens', 'end all tokens obtained with the old secrets, within a second')
    .action(onData(roll))
}

async function create(
  { access, actor, output }: Session,
  options: { client: string; description?: string; expiresIn?: number },
): Promise<void> {
  const { client, description = 'made on the command line', expiresIn } = options
  const expiresAt = expiresIn === undefined ? null : access.clock.now() + expiresIn * 86_400_000
  const outcome = await access.secrets.create(actor, client, { description, expiresAt })
  if (outcome.kind !== 'created') refuse(outcome, client)
  const { secret, text: secretText } = outcome
  output.show({ secret: { ...secret, text: secretText } }, secretLines(secret, secretText))
  output.note(SHOWN_ONCE)
}

async function list(session: Session, options: { client: string; all?: true }): Promise<void> {
  const { access, output } = session
  const { id } = await requireClient(session, options.client)
  const secrets = await access.secrets.list(id, options.all)
  output.show(
    { secrets },
    secrets.length > 0
      ? secretsTable(secrets)
      : `No secrets. “mapgate secrets create --client ${id}” makes one.`,
  )
}

async function remove(
  session: Session,
  secretId: string,
  options: { client: string; revokeTokens?: true; deleteCreated?: true },
): Promise<void> {
  const { access, actor, output } = session
  const { id } = await requireClient(session, options.client)
  const outcome = await access.secrets.delete(actor, id, secretId, {
    revokeTokens: options.revokeTokens ?? false,
    deleteCreated: options.deleteCreated === true && (() => true),
  })
  if (outcome.kind !== 'deleted') {
    throw new Refusal(
      'unknown-secret',
      `Client ${id} has no secret “${secretId}” that could be deleted (mapgate secrets list --client ${id} --all shows them).`,
    )
  }
  const warnings = [...outcome.warnings]
  if ((await access.secrets.list(id)).length === 0) {
    warnings.push(`Client ${id} has no secret left: it cannot log in.`)
  }
  output.show(
    { deleted: outcome.secrets, warnings },
    outcome.secrets.map((secret) => `Secret ${secret.id} is deleted.`).join('\n'),
  )
  for (const warning of warnings) output.note(`Warning: ${warning}`)
}

async function roll(
  { access, actor, settings, output }: Session,
  options: { client: string; description?: string; overlap?: number; revokeTokens?: true },
): Promise<void> {
  const outcome = await access.secrets.roll(actor, options.client, {
    description: options.description ?? 'rolled on the command line',
    overlapSeconds: options.overlap ?? settings.secrets.defaultOverlapSeconds,
    revokeTokens: options.revokeTokens ?? false,
  })
  if (outcome.kind !== 'created') refuse(outcome, options.client)
  const { secret, text: secretText, retired } = outcome
  const old = retired.length > 0 ? `\n\nReplaced:\n${secretsTable(retired)}` : ''
  output.show(
    { secret: { ...secret, text: secretText }, retired },
    `${secretLines(secret, secretText)}${old}`,
  )
  output.note(SHOWN_ONCE)
}

function refuse(outcome: Exclude<CreateOutcome, { kind: 'created' }>, clientId: string): never {
  switch (outcome.kind) {
    case 'unknown-client':
      return unknownClient(clientId)
    case 'public-client':
      throw new Refusal(
        'public-client',
        `Client ${clientId} is a public client: it cannot keep a secret.`,
      )
    case 'too-many':
      throw new Refusal(
        'too-many-secrets',
        `Client ${clientId} has ${outcome.maximum} usable secrets already, as many as it may have (secrets.maximumPerClient). Delete one, or roll with --overlap 0.`,
      )
    case 'creator-ended':
      throw new Error('the command line logs in with no secret')
  }
}
