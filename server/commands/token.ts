import { text as readAll } from 'node:stream/consumers'
import type { Command } from 'commander'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { AccessTokenClaims } from '../access/tokens/access-token.ts'
import type { TokenFault } from '../access/tokens/verify.ts'
import { addCommand, addGroup } from './define.ts'
import { lines, printable, time } from './output.ts'
import { onData, Refusal, running, type Session } from './run.ts'
import { getToken } from './token-get.ts'

/** `mapgate token`: get one from a running server, look into one, end one. */
export function addTokenCommand(program: Command): void {
  const token = addGroup(program, 'token', 'Get, look into and revoke access tokens.')
  addCommand(
    token,
    'get',
    'Get an access token from a running server. The client secret comes from stdin or from the variable MAPGATE_CLIENT_SECRET, never from the command line, which all users of the machine can see.',
    [
      'mapgate token get --client 4711 --secret-stdin < secret.txt',
      'mapgate token get --client 4711 --scope read --json | jq -r .access_token',
    ],
  )
    .requiredOption('--client <id>', 'the client id')
    .option('--secret-stdin', 'read the client secret from stdin (default: MAPGATE_CLIENT_SECRET)')
    .option('--url <url>', 'where the server is (default: publicUrl of the configuration)')
    .option(
      '--scope <scopes>',
      'what to ask for, space-separated (default: all that the client may)',
    )
    .action(running(getToken))
  addCommand(
    token,
    'show <token>',
    'Show what is in a token, and whether this installation would accept it now. “-” reads it from stdin.',
    ['mapgate token show - < token.txt'],
  ).action(onData(show))
  addCommand(
    token,
    'revoke <token>',
    'Revoke a token: all servers of this installation refuse it within a second. “-” reads it from stdin.',
    ['mapgate token revoke - < token.txt'],
  ).action(onData(revoke))
}

async function show({ access, output }: Session, argument: string): Promise<void> {
  const token = await readToken(argument)
  const { header, claims } = decode(token)
  const outcome = await access.verifyToken(token)
  const fault = outcome.kind === 'invalid' ? outcome.reason : null
  const shown = Object.entries(claims).map(
    ([name, value]) => [name, describe(name, value)] as const,
  )
  output.show(
    { accepted: fault === null, reason: fault, header, claims },
    [
      `Header:\n${lines(Object.fromEntries(Object.entries(header).map(([name, value]) => [name, String(value)])))}`,
      `Claims:\n${lines(Object.fromEntries(shown))}`,
      fault === null
        ? 'This installation accepts it.'
        : `This installation refuses it: ${printable(FAULTS[fault])}.`,
    ].join('\n\n'),
  )
}

async function revoke({ access, actor, output }: Session, argument: string): Promise<void> {
  const token = await readToken(argument)
  const { claims } = decode(token)
  const outcome = await access.verifyToken(token)
  if (outcome.kind === 'invalid' && !MAY_LIVE_AGAIN.has(outcome.reason)) {
    throw new Refusal(outcome.reason, `There is nothing to revoke: ${FAULTS[outcome.reason]}.`)
  }
  // These are verified: what was found wrong, if anything, is found after the signature.
  const verified = claims as unknown as AccessTokenClaims
  await access.tokenRevocation.revoke(actor, verified)
  output.show(
    { jti: verified.jti, revoked: true },
    `Token ${verified.jti} of client ${verified.client_id} is revoked.`,
  )
}

/** Ours, and worth something again when its client is resumed or its time has come. */
const MAY_LIVE_AGAIN = new Set<TokenFault>(['client_suspended', 'not_yet_valid'])

const FAULTS: Record<TokenFault, string> = {
  malformed: 'it is not a signed JWT of ours',
  unknown_key: 'no key of this installation signed it, or the key is gone',
  bad_signature: 'its signature is wrong',
  wrong_type: 'it is not an access token (its typ is not at+jwt)',
  wrong_issuer: 'another issuer made it (publicUrl is the issuer)',
  expired: 'it has expired',
  not_yet_valid: 'its time has not come yet (nbf)',
  revoked: 'it was revoked',
  secret_tokens_revoked: 'all tokens obtained with its secret were revoked, or the secret is gone',
  client_suspended: 'its client or customer is suspended',
  client_unknown: 'its client does not exist any more',
  grant_ended: 'what the person granted was revoked, or has ended',
  account_ended: 'the account of the person is suspended, or does not exist any more',
  client_token_unknown: 'it is no client token, or its client got a newer one or is suspended',
}

/** @param argument the token, or `-` for stdin */
async function readToken(argument: string): Promise<string> {
  const token = argument === '-' ? await readAll(process.stdin) : argument
  return token.trim()
}

function decode(token: string): { header: object; claims: Record<string, unknown> } {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) }
  } catch {
    throw new Refusal('malformed', 'This is not a token that can be looked into (a signed JWT).')
  }
}

/** Claims that are times, seconds since the epoch, are told in words too. */
function describe(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const isTime = ['exp', 'iat', 'nbf', 'auth_time'].includes(name) && Number.isSafeInteger(value)
  const at = isTime ? (value as number) * 1_000 : Number.NaN
  return Math.abs(at) < 8.64e15 ? `${text} (${time(at)})` : text
}
