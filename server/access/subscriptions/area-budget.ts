import type { Write } from '../../database/database.ts'

/**
 * Positions in all areas that a customer's subscriptions name: whoever calls for it needs them all in
 * memory at once, with an index over their edges.
 */
const MAXIMUM_VERTICES = 250_000

/** Whether an area of so many positions is too much beside those of the customer's other subscriptions. */
export async function exceedsBudget(
  write: Write,
  customerId: string,
  exceptId: string | null,
  vertices: number,
): Promise<boolean> {
  const { sum } = await write.query
    .selectFrom('areas')
    .select((areas) => areas.fn.sum<string | number | null>('vertices').as('sum'))
    .where('id', 'in', (query) =>
      query
        .selectFrom('subscriptions')
        .select('area_id')
        .where('customer_id', '=', customerId)
        .where('id', '!=', exceptId ?? ''),
    )
    .executeTakeFirstOrThrow()
  return Number(sum ?? 0) + vertices > MAXIMUM_VERTICES
}
