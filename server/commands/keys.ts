import { type Command, Option } from 'commander'
import type { SigningAlgorithm } from '../access/keys/algorithms.ts'
import type { KeyInfo } from '../access/keys/signing-keys.ts'
import { addCommand, addGroup } from './define.ts'
import { table, time } from './output.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate keys`: the keys that sign tokens. */
export function addKeysCommand(program: Command): void {
  const keys = addGroup(program, 'keys', 'Look at and rotate the keys that sign tokens.')
  addCommand(
    keys,
    'list',
    'List the signing keys with their phases. announced: in the JWKS, signs later. signing: signs now. retained: only checks tokens that it signed.',
    ['mapgate keys list'],
  ).action(onData(list))
  addCommand(
    keys,
    'rotate',
    'Make new signing keys that sign at once; for emergencies. Mapgate rotates keys by itself and announces each one first (signing.rotateAfterDays, signing.announceSeconds). A rotation by hand announces nothing: API servers that keep the JWKS refuse new tokens until they read it again. Old tokens stay valid, unless --revoke drops the old keys: then every token they signed is dead at once, and all clients must log in again. It asks for no confirmation.',
    ['mapgate keys rotate', 'mapgate keys rotate --algorithm RS256 --revoke'],
  )
    .addOption(
      new Option('--algorithm <name>', 'only keys of this algorithm (default: all in use)').choices(
        ['ES256', 'EdDSA', 'PS256', 'RS256'],
      ),
    )
    .option('--revoke', 'drop the old keys: every token that they signed is dead')
    .action(onData(rotate))
}

async function list({ access, output }: Session): Promise<void> {
  const keys = access.signingKeys.list()
  output.show({ keys }, keysTable(keys))
}

async function rotate(
  { access, actor, output }: Session,
  { algorithm, revoke = false }: { algorithm?: SigningAlgorithm; revoke?: boolean },
): Promise<void> {
  const used = new Set(access.signingKeys.list().map((key) => key.algorithm))
  if (algorithm && !used.has(algorithm)) {
    throw new Refusal(
      'unused-algorithm',
      `There are no ${algorithm} keys; in use are ${[...used].join(', ')}. The algorithm of the installation is signing.algorithm in the configuration.`,
    )
  }
  const keys = await access.signingKeys.rotate(actor, { ...(algorithm && { algorithm }), revoke })
  output.show({ keys }, keysTable(keys))
  output.note(
    revoke
      ? 'The old keys are dropped. Tokens signed by them are refused; clients must log in again.'
      : 'The new keys sign now. Tokens signed by the old ones stay valid until they expire.',
  )
}

function keysTable(keys: readonly KeyInfo[]): string {
  return table(
    ['KEY ID', 'ALGORITHM', 'PHASE', 'CREATED', 'SIGNS FROM'],
    keys.map((key) => [
      key.kid,
      key.algorithm,
      key.phase,
      time(key.createdAt),
      time(key.signsFrom),
    ]),
  )
}
