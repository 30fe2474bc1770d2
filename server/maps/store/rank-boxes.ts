import type { Box } from '../../geo/box.ts'
import { spreadOf } from '../../geo/spread.ts'

/**
 * Which of many features a tile shows rather: the larger ones, by half the way around their boxes. Of
 * those that are about equally large, some everywhere, whatever the order in which they were imported.
 * @param box in any unit, that of all that are compared
 * @returns a number, the greater the rather
 */
export function rankOf({ west, south, east, north }: Box): number {
  const size = Math.max(east - west + Math.abs(north - south), LEAST)
  return Math.round(STEPS * Math.log2(size)) * 2 ** 32 + spreadOf(west + east, south + north)
}

/** For each doubling of the size; sizes that differ by a rounding are the same. */
const STEPS = 4

/** Of degrees about a hand's width. */
const LEAST = 1e-6
