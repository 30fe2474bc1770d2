/**
 * An error of an API that is not OAuth's: RFC 9457 problem details. `http/errors.ts` answers it;
 * `cause` is for the log only.
 */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly title: string
  /** Members beside `type`, `title`, `status` and `detail` (RFC 9457 §3.2). */
  readonly members: Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(
    status: number,
    title: string,
    detail: string,
    options: {
      members?: Record<string, unknown>
      headers?: Record<string, string>
      cause?: unknown
    } = {},
  ) {
    super(detail, { cause: options.cause })
    this.status = status
    this.title = title
    this.members = options.members ?? {}
    this.headers = options.headers ?? {}
  }
}

/** 400 naming the parameter that is at fault. */
export function badParameter(parameter: string, detail: string): Problem {
  return new Problem(400, 'Bad request', `${parameter}: ${detail}`, { members: { parameter } })
}

export function forbidden(detail: string): Problem {
  return new Problem(403, 'Forbidden', detail)
}

/** Also for what exists but must not be seen: the answers do not differ. */
export function notFound(detail: string): Problem {
  return new Problem(404, 'Not found', detail)
}

/** The request contradicts the state of things. */
export function conflict(detail: string): Problem {
  return new Problem(409, 'Conflict', detail)
}
