import type { Command } from 'commander'
import type { InitialAccessToken } from '../access/initial-access-tokens/initial-access-tokens.ts'
import { unknownCustomer } from './customers.ts'
import { addCommand, addGroup, integer, seconds, text } from './define.ts'
import { lines, table, time } from './output.ts'
import { onData, Refusal, type Session } from './run.ts'

const DAY_SECONDS = 86_400

/** `mapgate registration-tokens`: what programs show to register clients (RFC 7591 §3). */
export function addRegistrationTokensCommand(program: Command): void {
  const tokens = addGroup(
    program,
    'registration-tokens',
    'Manage initial access tokens, with which programs register clients.',
  )
  addCommand(tokens, 'create', 'Create one and print its text, once.', [
    'mapgate registration-tokens create --customer lund --description "CI of the app team"',
    'mapgate registration-tokens create --customer lund --uses 100 --expires-in 30d',
  ])
    .requiredOption('--customer <id>', 'whose clients they will be')
    .option('--description <text>', 'what it is for, up to 200 characters', text(200), '')
    .option(
      '--uses <n>',
      'how many clients it registers; 0: any number (default: 1)',
      integer(0, 1_000_000),
      1,
    )
    .option(
      '--expires-in <duration>',
      'how long it is good, 1m to 365d',
      seconds(60, 365 * DAY_SECONDS),
      7 * DAY_SECONDS,
    )
    .action(onData(create))
  addCommand(tokens, 'list', 'List them, newest first.', [
    'mapgate registration-tokens list --customer lund',
  ])
    .option('--customer <id>', 'only those of this customer')
    .action(onData(list))
  addCommand(tokens, 'delete <id>', 'Delete one. Clients that were registered with it stay.', [
    'mapgate registration-tokens delete 4711',
  ]).action(onData(remove))
}

async function create(
  { access, actor, output }: Session,
  options: { customer: string; description: string; uses: number; expiresIn: number },
): Promise<void> {
  const outcome = await access.initialAccessTokens.create(actor, {
    customerId: options.customer,
    description: options.description,
    uses: options.uses === 0 ? null : options.uses,
    expiresAt: access.clock.now() + options.expiresIn * 1_000,
  })
  if (outcome.kind === 'unknown-customer') return unknownCustomer(options.customer)
  const { token, text: tokenText } = outcome
  output.show(
    { ...token, text: tokenText },
    lines({
      id: token.id,
      customer: token.customerId,
      ...(token.description !== '' && { description: token.description }),
      uses: usesOf(token),
      expires: time(token.expiresAt),
      token: tokenText,
    }),
  )
  output.note('This is the only time the token is shown.')
}

async function list(
  { access, output }: Session,
  { customer }: { customer?: string },
): Promise<void> {
  if (customer !== undefined && !(await access.customers.find(customer))) unknownCustomer(customer)
  const tokens = await access.initialAccessTokens.list(customer ?? null)
  output.show(
    { tokens },
    tokens.length > 0
      ? table(
          ['ID', 'CUSTOMER', 'DESCRIPTION', 'USES LEFT', 'CREATED', 'EXPIRES'],
          tokens.map((token) => [
            token.id,
            token.customerId,
            token.description || '-',
            usesOf(token),
            time(token.createdAt),
            time(token.expiresAt),
          ]),
        )
      : 'None. “mapgate registration-tokens create --customer <id>” makes one.',
  )
}

async function remove({ access, actor, output }: Session, tokenId: string): Promise<void> {
  if ((await access.initialAccessTokens.delete(actor, tokenId)) === 'unknown') {
    throw new Refusal('unknown-token', `There is no registration token “${tokenId}”.`)
  }
  output.show({ id: tokenId, deleted: true }, `Registration token ${tokenId} is deleted.`)
}

const usesOf = ({ usesLeft }: InitialAccessToken) => (usesLeft === null ? 'any' : String(usesLeft))
