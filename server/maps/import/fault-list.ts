/** Why a record was left out. */
export interface ImportFault {
  /** From 1; 0 where lines mean nothing. */
  line: number
  /** Which record it is, from 1. */
  record: number
  reason: string
}

/** How many faults are told; all are counted. */
const KEPT_FAULTS = 100
const LONGEST_REASON = 500

/** Counts records and what is wrong with them. */
export class FaultList {
  readonly kept: ImportFault[] = []
  count = 0

  /** As results tell them. */
  get counts(): { faults: number; errors: readonly ImportFault[] } {
    return { faults: this.count, errors: this.kept }
  }

  add(line: number, record: number, reason: string): void {
    this.count++
    if (this.kept.length >= KEPT_FAULTS) return
    this.kept.push({ line, record, reason: reason.slice(0, LONGEST_REASON) })
  }
}
