import { type Box, boxUnion } from '../../geo/box.ts'
import type { RowWriter } from './backend.ts'
import { EMPTY, type FeatureHead, sidesOf, type Summary, withRow } from './feature-rows.ts'

/** Sums up what single changes do to a collection as a whole. */
export interface Tally {
  add(row: FeatureHead): void
  remove(row: FeatureHead): void
  /**
   * Of all rows by now. They are asked only when one is gone that alone may have made the extent or the
   * interval reach as far as they do. Of large collections these never shrink: all would have to be read.
   */
  sum(rows: Pick<RowWriter, 'summary'>): Promise<Summary>
  /** Around rows as they were and as they are. */
  boxes(): readonly Box[]
}

export function createTally(before: Summary): Tally {
  let sum = before
  /** Ends of extent and interval which rows reached that are gone, and none that is there for certain. */
  const loose = new Set<string>()
  const boxes: Box[] = []
  return {
    add(row) {
      sum = withRow(sum, row)
      for (const end of endsAt(row, sum)) loose.delete(end)
      boxes.push(sidesOf(row))
    },
    remove(row) {
      sum = { ...sum, featureCount: sum.featureCount - 1 }
      for (const end of endsAt(row, sum)) loose.add(end)
      boxes.push(sidesOf(row))
    },
    async sum(rows) {
      if (sum.featureCount === 0) return EMPTY
      return loose.size > 0 && sum.featureCount <= FEW ? rows.summary() : sum
    },
    boxes: () => (boxes.length <= MAXIMUM_BOXES ? boxes : [boxes.reduce(boxUnion)]),
  }
}

/** The ends of extent and interval that a row reaches; that of an interval may be open. */
function endsAt(row: FeatureHead, { extent, interval }: Summary): string[] {
  const ends = extent ? SIDES.filter((side) => row[side] === extent[side]) : []
  if (interval === null || (row.starts === null && row.ends === null)) return ends
  return [
    ...ends,
    ...(row.starts === interval[0] ? ['starts'] : []),
    ...(row.ends === interval[1] ? ['ends'] : []),
  ]
}

const SIDES: (keyof Box)[] = ['west', 'south', 'east', 'north']

const FEW = 20_000
const MAXIMUM_BOXES = 200
