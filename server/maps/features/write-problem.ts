import { conflict, forbidden, notFound, Problem } from '../../protocol/problem.ts'
import type { WriteOutcome, WriteRefusal } from '../store/changes.ts'

/**
 * Why nothing was written, as RFC 9457 problem.
 * @param at which of several features it was; null: there was one
 */
export function writeProblem(
  { reason, detail }: Extract<WriteOutcome, { kind: 'refused' }>,
  at: string | null,
): Problem {
  const { status, title, message } = problemOf(reason, at === null ? detail : `${at}: ${detail}`)
  return new Problem(status, title, message, at === null ? {} : { members: { parameter: at } })
}

function problemOf(reason: WriteRefusal, detail: string): Problem {
  switch (reason) {
    case 'unknown':
      return notFound(detail)
    case 'precondition':
      return new Problem(412, 'Precondition failed', detail)
    case 'outside':
    case 'forbidden':
      return forbidden(detail)
    case 'exists':
    case 'no-schema':
    case 'importing':
      return conflict(detail)
  }
}
