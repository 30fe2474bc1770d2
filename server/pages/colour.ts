/** An opaque sRGB colour, each part 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number]

export const BLACK: Colour = [0, 0, 0]
export const WHITE: Colour = [255, 255, 255]

/** @param hex `#rrggbb` */
export function parseColour(hex: string): Colour {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 0xff, value & 0xff]
}

export function toHex(colour: Colour): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

/** The contrast ratio of WCAG 2.2: 1 to 21. */
export function contrast(one: Colour, other: Colour): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

/**
 * `colour`, moved towards `towards` no further than it takes to be told from every one of `grounds`.
 * @param ratio at least this contrast, if `towards` has it
 */
export function readable(
  colour: Colour,
  towards: Colour,
  grounds: readonly Colour[],
  ratio: number,
): Colour {
  for (let step = 0; step < STEPS; step++) {
    const moved = mix(colour, towards, step / STEPS)
    if (grounds.every((ground) => contrast(moved, ground) >= ratio)) return moved
  }
  return towards
}

/** White or black, whichever is easier to read on `ground`: always at least 4.5. */
export function textOn(ground: Colour): Colour {
  return contrast(WHITE, ground) >= contrast(BLACK, ground) ? WHITE : BLACK
}

/** @param share of `other`, 0 to 1 */
export function mix(colour: Colour, other: Colour, share: number): Colour {
  const part = (index: 0 | 1 | 2) =>
    Math.round(colour[index] + (other[index] - colour[index]) * share)
  return [part(0), part(1), part(2)]
}

const STEPS = 50

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}
