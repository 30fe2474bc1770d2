import { MasterKeyError } from '../access/keys/master-key.ts'
import { OtherServerError } from '../access/limits/server-lock.ts'
import { ConfigError } from '../config/load.ts'
import { NewerSchemaError } from '../database/migrate.ts'
import { UnavailableError } from '../lib/unavailable.ts'

/** A command cannot do what it was asked to, for a reason that its user can do something about. */
export class CommandError extends Error {
  override name = 'CommandError'
}

/** Errors whose message says all that a person needs. */
const EXPECTED = [
  CommandError,
  ConfigError,
  MasterKeyError,
  NewerSchemaError,
  OtherServerError,
  UnavailableError,
]

/** Makes a command's action end with a message and exit code 1 when it fails; a stack only for our own faults. */
export function failing<Arguments extends unknown[]>(
  action: (...args: Arguments) => Promise<void>,
): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args)
    } catch (error) {
      process.exitCode = 1
      if (!EXPECTED.some((expected) => error instanceof expected)) {
        console.error(error)
        return
      }
      const { message, cause } = error as Error
      console.error(cause instanceof Error ? `${message}: ${cause.message}` : message)
    }
  }
}
