import type { Position } from 'geojson'
import { orient2d } from 'robust-predicates'
import type { Box } from './box.ts'

/**
 * The edges of an area in bands of latitude, so that a question looks only at edges near to it.
 *
 * Which band a latitude is in is computed the same way for edges and questions, and never falls when
 * the latitude rises: so what rounding does to the bands' limits changes no answer. In each band are
 * two groups, both sorted by the west end: edges that run through the whole band, whose windings can
 * be summed beforehand, and those that end in it. `reach` is how far east any edge of the group so
 * far goes: by it, edges that end west of a question are passed over at once.
 *
 * Orientation is exact (`robust-predicates`).
 */
export class AreaEdges {
  readonly #x1: Float64Array
  readonly #y1: Float64Array
  readonly #x2: Float64Array
  readonly #y2: Float64Array
  /** What it adds to the winding around a point east of it: 1 downwards, -1 upwards, 0 when level. */
  readonly #turn: Int8Array
  readonly #south: number
  readonly #bandsPerDegree: number
  readonly #bands: number
  /** Where the groups begin: of each band the edges through it, then those that end in it. */
  readonly #starts: Int32Array
  readonly #entries: Int32Array
  readonly #reach: Float64Array
  /** Of edges through a band: the windings of those before in the group, and its own. */
  readonly #winding: Int32Array
  #looks = 0

  /** @param rings closed, outer ones counterclockwise and holes clockwise */
  constructor(rings: readonly (readonly Position[])[], box: Box) {
    const edges = rings.flatMap(edgesOf)
    this.#x1 = Float64Array.from(edges, ([start]) => start[0]!)
    this.#y1 = Float64Array.from(edges, ([start]) => start[1]!)
    this.#x2 = Float64Array.from(edges, ([, end]) => end[0]!)
    this.#y2 = Float64Array.from(edges, ([, end]) => end[1]!)
    this.#turn = Int8Array.from(edges, ([start, end]) => Math.sign(start[1]! - end[1]!))
    this.#south = box.south
    const layout = chooseBands(this.#y1, this.#y2, box)
    this.#bands = layout.bands
    this.#bandsPerDegree = layout.bandsPerDegree
    const groups = this.#fillGroups()
    this.#starts = new Int32Array(groups.length + 1)
    for (const [index, group] of groups.entries()) {
      this.#starts[index + 1] = this.#starts[index]! + group.length
    }
    this.#entries = Int32Array.from(groups.flat())
    this.#reach = new Float64Array(this.#entries.length)
    this.#winding = new Int32Array(this.#entries.length)
    this.#sumUp()
  }

  /** How many edges have been looked at closely so far. */
  get looks(): number {
    return this.#looks
  }

  get count(): number {
    return this.#x1.length
  }

  /** Whether the point is inside or on an edge. */
  covers(x: number, y: number): boolean {
    const band = this.#bandOf(y)
    if (band === null) return false
    let winding = 0
    for (let group = 2 * band; group <= 2 * band + 1; group++) {
      const through = group === 2 * band
      const start = this.#starts[group]!
      const end = this.#starts[group + 1]!
      // Edges that run through the band and end west of the point count without a look.
      const first = through ? this.#firstReaching(x, start, end) : start
      if (first > start) winding += this.#winding[first - 1]!
      for (let entry = first; entry < end; entry++) {
        const edge = this.#entries[entry]!
        if (this.#west(edge) > x) break
        const side = this.#crossing(edge, x, y)
        if (side === null) return true
        winding += side
      }
    }
    return winding > 0
  }

  /** Whether an edge and the box share a point. */
  touchesBox({ west, south, east, north }: Box): boolean {
    return this.someNear(west, south, east, north, (x1, y1, x2, y2) => {
      const corner = orient2d(x1, y1, x2, y2, west, south)
      if (corner === 0) return true
      const differs = (x: number, y: number) => {
        const other = orient2d(x1, y1, x2, y2, x, y)
        return corner > 0 ? other <= 0 : other >= 0
      }
      return differs(east, south) || differs(west, north) || differs(east, north)
    })
  }

  /** Whether an edge and the segment share a point. */
  touchesSegment(ax: number, ay: number, bx: number, by: number): boolean {
    return this.someNear(
      Math.min(ax, bx),
      Math.min(ay, by),
      Math.max(ax, bx),
      Math.max(ay, by),
      // Their boxes meet, so neither lies beside the other unless it is all on one side.
      (x1, y1, x2, y2) =>
        !sameSide(orient2d(x1, y1, x2, y2, ax, ay), orient2d(x1, y1, x2, y2, bx, by)) &&
        !sameSide(orient2d(ax, ay, bx, by, x1, y1), orient2d(ax, ay, bx, by, x2, y2)),
    )
  }

  /**
   * Of the edges whose box meets this one: whether the test is true of any. The inside is on their
   * left; one that is in many bands may be asked about more than once.
   */
  someNear(
    west: number,
    south: number,
    east: number,
    north: number,
    test: (x1: number, y1: number, x2: number, y2: number) => boolean,
  ): boolean {
    const firstBand = this.#nearestBand(south)
    const lastBand = this.#nearestBand(north)
    for (let group = 2 * firstBand; group <= 2 * lastBand + 1; group++) {
      const end = this.#starts[group + 1]!
      for (let entry = this.#firstReaching(west, this.#starts[group]!, end); entry < end; entry++) {
        const edge = this.#entries[entry]!
        if (this.#west(edge) > east) break
        this.#looks++
        if (this.#east(edge) < west) continue
        if (this.#low(edge) > north || this.#high(edge) < south) continue
        if (test(this.#x1[edge]!, this.#y1[edge]!, this.#x2[edge]!, this.#y2[edge]!)) return true
      }
    }
    return false
  }

  /** What an edge adds to the winding around a point that is not west of it all; null: it is on it. */
  #crossing(edge: number, x: number, y: number): number | null {
    this.#looks++
    const low = this.#low(edge)
    const high = this.#high(edge)
    if (y < low || y > high) return 0
    const turn = this.#turn[edge]!
    const counted = y < high ? turn : 0
    if (this.#east(edge) < x) return counted
    const side = orient2d(this.#x1[edge]!, this.#y1[edge]!, this.#x2[edge]!, this.#y2[edge]!, x, y)
    if (side === 0) return null
    // `orient2d` is positive on the right: that is east of an edge upwards.
    return side > 0 === turn < 0 ? counted : 0
  }

  #bandOf(y: number): number | null {
    if (!(y >= this.#south)) return null
    const band = Math.floor((y - this.#south) * this.#bandsPerDegree)
    return band < this.#bands ? band : this.#bands - 1
  }

  #nearestBand(y: number): number {
    return this.#bandOf(y) ?? 0
  }

  /** The first of a group's entries before which all end west of x. */
  #firstReaching(x: number, start: number, end: number): number {
    let low = start
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#reach[middle]! < x) low = middle + 1
      else high = middle
    }
    return low
  }

  #fillGroups(): number[][] {
    const groups = Array.from({ length: 2 * this.#bands }, (): number[] => [])
    for (let edge = 0; edge < this.#x1.length; edge++) {
      const first = this.#nearestBand(this.#low(edge))
      const last = this.#nearestBand(this.#high(edge))
      groups[2 * first + 1]!.push(edge)
      for (let band = first + 1; band < last; band++) groups[2 * band]!.push(edge)
      if (last > first) groups[2 * last + 1]!.push(edge)
    }
    for (const group of groups) group.sort((a, b) => this.#west(a) - this.#west(b))
    return groups
  }

  #sumUp(): void {
    for (let group = 0; group < this.#starts.length - 1; group++) {
      let reach = -Infinity
      let winding = 0
      for (let entry = this.#starts[group]!; entry < this.#starts[group + 1]!; entry++) {
        const edge = this.#entries[entry]!
        reach = Math.max(reach, this.#east(edge))
        winding += this.#turn[edge]!
        this.#reach[entry] = reach
        this.#winding[entry] = winding
      }
    }
  }

  #west(edge: number): number {
    return Math.min(this.#x1[edge]!, this.#x2[edge]!)
  }

  #east(edge: number): number {
    return Math.max(this.#x1[edge]!, this.#x2[edge]!)
  }

  #low(edge: number): number {
    return Math.min(this.#y1[edge]!, this.#y2[edge]!)
  }

  #high(edge: number): number {
    return Math.max(this.#y1[edge]!, this.#y2[edge]!)
  }
}

/** Edges that run through many bands are in each of them: so many entries an edge, on average. */
const MAXIMUM_ENTRIES_PER_EDGE = 8

/** As many bands as make few edges in each, unless the edges are long. */
function chooseBands(y1: Float64Array, y2: Float64Array, { south, north }: Box) {
  const height = north - south
  for (let bands = Math.max(1, y1.length >> 1); bands > 1; bands >>= 1) {
    const bandsPerDegree = bands / height
    if (!Number.isFinite(bandsPerDegree)) continue
    let entries = 0
    for (let edge = 0; edge < y1.length; edge++) {
      entries += 2 + Math.abs(y2[edge]! - y1[edge]!) * bandsPerDegree
    }
    if (entries <= MAXIMUM_ENTRIES_PER_EDGE * y1.length) return { bands, bandsPerDegree }
  }
  return { bands: 1, bandsPerDegree: 0 }
}

function edgesOf(ring: readonly Position[]): [Position, Position][] {
  const edges: [Position, Position][] = []
  for (let index = 1; index < ring.length; index++) edges.push([ring[index - 1]!, ring[index]!])
  return edges
}

/** Of two orientations; products of small ones could be zero. */
export function sameSide(a: number, b: number): boolean {
  return (a > 0 && b > 0) || (a < 0 && b < 0)
}
