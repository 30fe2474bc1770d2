/**
 * What need not be waited for.
 * @returns null: it has to be waited for; nobody does, so that its failure is nobody's either
 */
export function atHand<Value>(value: Value | Promise<Value>): Value | null {
  if (!(value instanceof Promise)) return value
  value.catch(() => {})
  return null
}
