/**
 * A number for a position that tells nothing of where it is: to choose among many so that as large a
 * part of them is left everywhere.
 * @returns 0 to 2^32-1, the same for the same position
 */
export function spreadOf(x: number, y: number): number {
  POSITION[0] = x
  POSITION[1] = y
  let mixed = 0
  for (const word of WORDS) {
    mixed = Math.imul(mixed ^ word, 0x85eb_ca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
    mixed ^= mixed >>> 16
  }
  return mixed >>> 0
}

const POSITION = new Float64Array(2)
const WORDS = new Uint32Array(POSITION.buffer)
