import type { GenerationReader, RowScan } from './backend.ts'
import type { Candidate } from './feature-rows.ts'

/** Thrown by a metered reader: what is left to be read belongs in a worker. */
export class TooMuchTextError extends Error {
  override name = 'TooMuchTextError'
}

/**
 * A reader that gives up before more text than this is judged.
 * @param maximum characters
 */
export function metered(reader: GenerationReader, maximum: number): GenerationReader {
  let left = maximum
  function count(characters: number): void {
    left -= characters
    if (left < 0) throw new TooMuchTextError()
  }
  const metering = <Row>(scan: RowScan<Row>, lengthOf: (row: Row) => number): RowScan<Row> => ({
    async next(many) {
      const batch = await scan.next(many)
      count(batch.rows.reduce((sum, row) => sum + lengthOf(row), batch.searched ?? 0))
      return batch
    },
  })
  const lengthOf = ({ feature }: Candidate) => feature.length
  return {
    ...reader,
    scan: (ask, after) => metering(reader.scan(ask, after), lengthOf),
    scanHeads: (ask, after) => metering(reader.scanHeads(ask, after), () => 0),
    async byKeys(keys) {
      const batch = await reader.byKeys(keys)
      count(batch.rows.reduce((sum, row) => sum + lengthOf(row), 0))
      return batch
    },
  }
}
