import { type Command, InvalidArgumentError } from 'commander'
import { CLIENT_ID_PATTERN } from '../access/clients/client.ts'
import { systemClock } from '../lib/clock.ts'
import { formatDuration, parseDuration, parseMoment } from '../lib/durations.ts'

/** What the definitions of all commands share: help with examples, and readers of option values. */

/** A command that only holds others. */
export function addGroup(program: Command, name: string, description: string): Command {
  return withSummary(program.command(name), description)
}

/**
 * A command with `--json` and examples in its help.
 * @param usage name and arguments: `show <id>`
 * @param examples whole command lines
 */
export function addCommand(
  parent: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  return withSummary(parent.command(usage), description)
    .option('--json', 'print one JSON document, errors too (on stderr); times are RFC 3339')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
}

/** The list of commands shows the first sentence. */
function withSummary(command: Command, description: string): Command {
  const [first] = description.split(/(?<=\.)\s/)
  return command.description(description).summary(first!)
}

/** Options of lists that may be long. */
export function addPaging(command: Command): Command {
  return command
    .option('--limit <n>', 'how many at most, 1 to 1000', integer(1, 1_000), 100)
    .option('--after <id>', 'only those after this one, the last of the list before')
}

/** A page out of one row too many: what to show, and where the next page begins. */
export function page<Item extends { id: string }>(items: Item[], limit: number) {
  const shown = items.slice(0, limit)
  return { shown, next: items.length > limit ? shown.at(-1)!.id : null }
}

export function integer(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= minimum && value <= maximum) return value
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`)
  }
}

/** Whole seconds, from a duration. @param minimum seconds @param maximum seconds */
export function seconds(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = (parseDuration(text) ?? Number.NaN) / 1_000
    if (value >= minimum && value <= maximum) return value
    const range = [minimum, maximum].map((bound) => formatDuration(bound * 1_000)).join(' to ')
    throw new InvalidArgumentError(`It must be a duration like 90s, 15m, 24h or 7d: ${range}.`)
  }
}

export function moment(text: string): number {
  const value = parseMoment(text, systemClock.now())
  if (value !== null) return value
  throw new InvalidArgumentError(
    'It must be a day (2026-11-21), a time (2026-11-21T18:30:00Z), or how long ago (90m, 24h, 7d).',
  )
}

/** @param maximum characters */
export function text(maximum: number): (value: string) => string {
  return (value) => {
    const trimmed = value.trim()
    if (trimmed !== '' && trimmed.length <= maximum) return trimmed
    throw new InvalidArgumentError(`It must have 1 to ${maximum} characters.`)
  }
}

export function id(value: string): string {
  if (new RegExp(CLIENT_ID_PATTERN).test(value)) return value
  throw new InvalidArgumentError(
    'It must have 1 to 100 of the characters A-Z a-z 0-9 . _ ~ - and begin with a letter or digit.',
  )
}

/** Collects an option that may be repeated and may hold several words. */
export function words(value: string, before: readonly string[] = []): string[] {
  return [...new Set([...before, ...value.split(/[\s,]+/).filter((word) => word !== '')])]
}
