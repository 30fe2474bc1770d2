/**
 * Work on a database that is written once for those that answer at once (SQLite, within one
 * snapshot that must not await) and those that have to be waited for (Postgres).
 */
export type Steps<Result> = Generator<Promise<unknown>, Result, unknown>

export type NowOrLater<Value> = Value | Promise<Value>

/** `const rows = yield* wait(cursor.next())` */
export function* wait<Value>(value: NowOrLater<Value>): Steps<Value> {
  return value instanceof Promise ? ((yield value) as Value) : value
}

/** @throws TypeError when something has to be waited for */
export function runNow<Result>(steps: Steps<Result>): Result {
  const step = steps.next()
  if (step.done) return step.value
  const error = new TypeError('this work has to be waited for')
  // So that it cleans up.
  steps.throw(error)
  throw error
}

export async function runLater<Result>(steps: Steps<Result>): Promise<Result> {
  let step = steps.next()
  while (!step.done) {
    let value: unknown
    try {
      value = await step.value
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}
