import { userInfo } from 'node:os'
import { CommanderError, type Command } from 'commander'
import type { Actor } from '../access/audit/actor.ts'
import { MasterKeyError } from '../access/keys/master-key.ts'
import { OtherServerError } from '../access/limits/server-lock.ts'
import { type Access, openAccess } from '../open-access.ts'
import { readEnvironment } from '../config/environment.ts'
import { ConfigError, loadConfig, type Settings } from '../config/load.ts'
import { NewerSchemaError } from '../database/migrate.ts'
import { UnavailableError } from '../lib/unavailable.ts'
import { Problem } from '../protocol/problem.ts'
import { createOutput, type Output, toJson } from './output.ts'

/**
 * How a command runs: its output is made from `--json`, the data is opened and closed around it, and
 * what goes wrong ends in a message and an exit code (1, or 2 when the command was misused).
 */
export interface Session {
  access: Access
  settings: Settings
  /** Who the audit log says did it. */
  actor: Actor
  output: Output
}

/** An action that works on the installation's data; it opens the database itself. */
export function onData<Arguments extends unknown[]>(
  work: (session: Session, ...args: Arguments) => Promise<void>,
): (...args: Arguments) => Promise<void> {
  return running(async (output, ...args: Arguments) => {
    const settings = loadConfig(readEnvironment())
    await using access = await openAccess(settings, undefined, {
      log: {
        info: () => {},
        error: (details, message) => output.note(`${message}: ${toJson(details)}`),
      },
    })
    await work({ access, settings, actor: commandLineActor(), output }, ...args)
  })
}

/** An action that needs no data. */
export function running<Arguments extends unknown[]>(
  work: (output: Output, ...args: Arguments) => Promise<void>,
): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    // Commander adds the command itself after its arguments and options.
    const { json } = (args.at(-1) as Command).opts<{ json?: boolean }>()
    try {
      await work(createOutput(json === true), ...args)
    } catch (error) {
      if (error instanceof CommanderError) throw error
      process.exitCode = 1
      process.stderr.write(`${json ? toJson({ error: describe(error) }) : message(error)}\n`)
    }
  }
}

/** Says no for a reason that scripts can tell by its code. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly code: string

  constructor(code: string, text: string) {
    super(text)
    this.code = code
  }
}

/** The options do not fit together: exit code 2. */
export function misused(text: string): never {
  throw new CommanderError(2, MISUSED, `error: ${text}`)
}

/** The code of errors that Commander has not printed yet. */
export const MISUSED = 'mapgate.misused'

const CODES = [
  [ConfigError, 'configuration'],
  [MasterKeyError, 'master-key'],
  [NewerSchemaError, 'newer-schema'],
  [UnavailableError, 'unavailable'],
  [Problem, 'refused'],
  [OtherServerError, 'other-server'],
] as const

function codeOf(error: unknown): string | null {
  if (error instanceof Refusal) return error.code
  return CODES.find(([kind]) => error instanceof kind)?.[1] ?? null
}

function describe(error: unknown) {
  return {
    code: codeOf(error) ?? 'unexpected',
    message: error instanceof Error ? withCause(error) : String(error),
    ...(error instanceof ConfigError && { problems: error.problems }),
  }
}

/** A stack only for our own faults. */
function message(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return codeOf(error) === null ? (error.stack ?? error.message) : withCause(error)
}

function withCause({ message: text, cause }: Error): string {
  return cause instanceof Error ? `${text}: ${cause.message}` : text
}

function commandLineActor(): Actor {
  return {
    kind: 'command-line',
    id: userName(),
    secretId: null,
    address: null,
    requestId: null,
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return `uid ${process.getuid?.() ?? '?'}`
  }
}
