import { BYTES_AT_A_TIME } from '../texts.ts'

/**
 * A query for the first of some rows, as many as have few bytes of text (`texts.ts`), and at least one.
 * The lengths of texts are known without reading them.
 * @param from has the columns, and `order`
 * @returns with a column `bytes`: of the texts up to and with that of the row
 */
export function fewBytes(columns: string, from: string, order = 'key'): string {
  return `select * from (
      select ${columns}, sum(octet_length(feature)) over (
        order by ${order} rows unbounded preceding
      ) bytes
      from ${from}
    ) summed where bytes - octet_length(feature) < ${BYTES_AT_A_TIME} order by bytes`
}

/** Whether more rows may follow those that such a query gave. */
export const isCut = (rows: readonly { bytes: number }[]): boolean =>
  (rows.at(-1)?.bytes ?? 0) >= BYTES_AT_A_TIME
