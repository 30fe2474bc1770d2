import type { DatabaseSync } from 'node:sqlite'
import { alongCurve } from './along-curve.ts'

/**
 * Fills the RTREE of a generation with the boxes of its features, once these are all there. Inserted one
 * by one, they take the largest part of an import. Here the nodes are written as they are to be, with
 * neighbours together: features are sorted along a curve, so many of them make a leaf, so many leaves
 * a node above, and so on. What is more than a million is inserted, so that memory stays bounded.
 *
 * Nodes, and where rows and nodes hang, are in three tables behind the virtual one: the RTREE's
 * "shadow tables", which are part of SQLite's file format. The root is written last; until then the
 * tree is empty. The connection must not be defensive.
 * @returns steps, each to be called in a short transaction of its own; nothing else may change the
 * features meanwhile
 */
export function* fillBoxes(
  connection: DatabaseSync,
  number: number,
  maximum = MOST_PACKED,
): Generator<() => void> {
  const read = createBoxReader(connection, number)
  yield* packBoxes(connection, `boxes_${number}`, read(maximum))
  const insert = connection.prepare(`insert into boxes_${number} values (?, ?, ?, ?, ?)`)
  for (let more = read(maximum); more.ids.length > 0; more = read(maximum)) {
    const { ids, boxes } = more
    const order = alongCurve(boxes)
    for (let from = 0; from < order.length; from += INSERTED_AT_ONCE) {
      yield () => {
        for (const index of order.subarray(from, from + INSERTED_AT_ONCE)) {
          const [west, east, south, north] = boxes.subarray(4 * index, 4 * index + 4)
          insert.run(ids[index]!, west!, east!, south!, north!)
        }
      }
    }
  }
}

/** What nodes hold: the keys of features or the numbers of nodes below, and boxes around them. */
interface Cells {
  ids: Float64Array
  /** West, east, south and north of each, rounded outwards. */
  boxes: Float32Array
}

function* packBoxes(
  connection: DatabaseSync,
  table: string,
  features: Cells,
): Generator<() => void> {
  const insertNode = connection.prepare(`insert into ${table}_node (nodeno, data) values (?, ?)`)
  const insertRow = connection.prepare(`insert into ${table}_rowid (rowid, nodeno) values (?, ?)`)
  const insertParent = connection.prepare(
    `insert into ${table}_parent (nodeno, parentnode) values (?, ?)`,
  )
  const updateRoot = connection.prepare(`update ${table}_node set data = ? where nodeno = ${ROOT}`)
  const root = connection.prepare(`select data from ${table}_node where nodeno = ${ROOT}`).get()
  const nodeBytes = (root!['data'] as Uint8Array).length
  const capacity = Math.floor((nodeBytes - HEADER_BYTES) / CELL_BYTES)
  const filled = Math.ceil(capacity * FILLED)
  let cells = features
  let nextNode = ROOT + 1
  for (let depth = 0; ; depth++) {
    const count = cells.ids.length
    const isRoot = count <= capacity
    const order = alongCurve(cells.boxes)
    const nodes = isRoot ? 1 : Math.ceil(count / filled)
    const firstNode = isRoot ? ROOT : nextNode
    const insertPlace = depth === 0 ? insertRow : insertParent
    const places = new Uint32Array(count)
    for (let position = 0; position < count; position++) {
      places[order[position]!] = isRoot ? ROOT : firstNode + Math.floor(position / filled)
    }
    for (let from = 0; from < count; from += WRITTEN_AT_ONCE) {
      yield () => {
        // In the order of their keys, which only appends to the table.
        for (let index = from; index < Math.min(from + WRITTEN_AT_ONCE, count); index++) {
          insertPlace.run(cells.ids[index]!, places[index]!)
        }
      }
    }
    if (isRoot) {
      yield () => void updateRoot.run(nodeOf(cells, order, nodeBytes, depth))
      return
    }
    const below = cells
    const above: Cells = { ids: new Float64Array(nodes), boxes: new Float32Array(4 * nodes) }
    for (let from = 0; from < nodes; from += NODES_AT_ONCE) {
      yield () => {
        for (let node = from; node < Math.min(from + NODES_AT_ONCE, nodes); node++) {
          const members = order.subarray(node * filled, (node + 1) * filled)
          insertNode.run(firstNode + node, nodeOf(below, members, nodeBytes, 0))
          above.ids[node] = firstNode + node
          above.boxes.set(around(below.boxes, members), 4 * node)
        }
      }
    }
    nextNode += nodes
    cells = above
  }
}

/** @param depth of the tree below it; told by the root alone */
function nodeOf(
  { ids, boxes }: Cells,
  members: Uint32Array,
  bytes: number,
  depth: number,
): Uint8Array {
  const data = new DataView(new ArrayBuffer(bytes))
  data.setUint16(0, depth)
  data.setUint16(2, members.length)
  let at = HEADER_BYTES
  for (const index of members) {
    data.setBigInt64(at, BigInt(ids[index]!))
    for (let side = 0; side < 4; side++)
      data.setFloat32(at + 8 + 4 * side, boxes[4 * index + side]!)
    at += CELL_BYTES
  }
  return new Uint8Array(data.buffer)
}

function around(boxes: Float32Array, members: Uint32Array): number[] {
  let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const index of members) {
    west = Math.min(west, boxes[4 * index]!)
    east = Math.max(east, boxes[4 * index + 1]!)
    south = Math.min(south, boxes[4 * index + 2]!)
    north = Math.max(north, boxes[4 * index + 3]!)
  }
  return [west, east, south, north]
}

/** @returns gives up to so many more each time, in the order of their keys */
function createBoxReader(connection: DatabaseSync, number: number): (maximum: number) => Cells {
  const select = connection.prepare(
    `select key, west, east, south, north from features_${number} where key > ? order by key limit ?`,
  )
  select.setReturnArrays(true)
  let after = 0
  return (maximum) => {
    const parts: Cells[] = []
    for (let left = maximum; left > 0;) {
      const rows = select.all(after, Math.min(left, READ_AT_ONCE)) as unknown as number[][]
      if (rows.length === 0) break
      after = rows.at(-1)![0]!
      left -= rows.length
      const part = { ids: new Float64Array(rows.length), boxes: new Float32Array(4 * rows.length) }
      for (const [index, [key, west, east, south, north]] of rows.entries()) {
        part.ids[index] = key!
        part.boxes.set([down(west!), up(east!), down(south!), up(north!)], 4 * index)
      }
      parts.push(part)
    }
    return joined(parts)
  }
}

function joined(parts: readonly Cells[]): Cells {
  const count = parts.reduce((sum, { ids }) => sum + ids.length, 0)
  const all: Cells = { ids: new Float64Array(count), boxes: new Float32Array(4 * count) }
  let at = 0
  for (const { ids, boxes } of parts) {
    all.ids.set(ids, at)
    all.boxes.set(boxes, 4 * at)
    at += ids.length
  }
  return all
}

/** As the RTREE itself rounds. */
function down(value: number): number {
  const near = Math.fround(value)
  return near > value ? Math.fround(value * (value < 0 ? AWAY : TOWARDS)) : near
}

function up(value: number): number {
  const near = Math.fround(value)
  return near < value ? Math.fround(value * (value < 0 ? TOWARDS : AWAY)) : near
}

const TOWARDS = 1 - 1 / 8_388_608
const AWAY = 1 + 1 / 8_388_608

const ROOT = 1
const HEADER_BYTES = 4
/** A 64-bit number and four of 32 bits, the most significant byte first. */
const CELL_BYTES = 24
/** The rest is room for single changes, which else would split a node each. */
const FILLED = 0.9

const MOST_PACKED = 1_048_576
const READ_AT_ONCE = 5_000
const WRITTEN_AT_ONCE = 10_000
const NODES_AT_ONCE = 500
const INSERTED_AT_ONCE = 1_000
