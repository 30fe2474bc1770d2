import type { Texts } from './texts.ts'

/** What people type into fields, judged: a value, or a sentence about what is wrong. */
export type Judged<Value> = { value: Value; fault: null } | { value: null; fault: string }

/** Also without characters that turn text around: a name must not pretend to be other text. */
const UNFIT = /[\p{Cc}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u
const PROSE = /^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u

/** One line, trimmed, not empty: names stand in headers, mails and lists. @param what begins the fault */
export function parseLine(
  text: string | null,
  { faults }: Texts,
  what: string,
  maximum: number,
): Judged<string> {
  const value = (text ?? '').normalize('NFC').trim()
  if (value === '') return { value: null, fault: faults.missing(what) }
  if (UNFIT.test(value)) return { value: null, fault: faults.line(what) }
  if (value.length > maximum) return { value: null, fault: faults.long(what, maximum) }
  return { value, fault: null }
}

/** Any number of lines, or none. */
export function parseProse(
  text: string | null,
  { faults }: Texts,
  what: string,
  maximum: number,
): Judged<string> {
  // Browsers send CRLF, whatever the person's machine has.
  const value = (text ?? '').replaceAll('\r\n', '\n').trim()
  if (!PROSE.test(value)) return { value: null, fault: faults.characters(what) }
  if (value.length > maximum) return { value: null, fault: faults.long(what, maximum) }
  return { value, fault: null }
}

/** The lines of a text field that have something in them, each once. */
export function linesOf(text: string | null): string[] {
  const lines = (text ?? '').split(/\r\n|\r|\n/).map((line) => line.trim())
  return [...new Set(lines.filter((line) => line !== ''))]
}
