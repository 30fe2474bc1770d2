import { TILE_EXTENT } from '../../geo/tile.ts'
import { ByteWriter } from './byte-writer.ts'

/**
 * Writes one layer as a Mapbox Vector Tile, version 2.1
 * (https://github.com/mapbox/vector-tile-spec/blob/master/2.1/README.md). Of the libraries, vt-pbf
 * looks names up in an object, so that an attribute called `constructor` spoils the tile, and writes
 * rings of one point.
 */
export interface TileFeature {
  /** Up to 2^53-1. */
  id: number
  type: typeof POINTS | ShapeType
  /** Points; or lines or rings, each x, y, x, y ... in units of the extent, y growing to the south (`TILE_EXTENT`). */
  parts: number[][]
  /** Null and undefined are left out; objects become JSON text. */
  attributes: [name: string, value: unknown][]
}

export const POINTS = 1
export const LINES = 2
export const POLYGONS = 3
export type ShapeType = typeof LINES | typeof POLYGONS

/** Numbers of fields, with their wire types: 0 varint, 1 eight bytes, 2 length and bytes. */
const TILE_LAYER = (3 << 3) | 2
const LAYER_NAME = (1 << 3) | 2
const LAYER_FEATURE = (2 << 3) | 2
const LAYER_KEY = (3 << 3) | 2
const LAYER_VALUE = (4 << 3) | 2
const LAYER_EXTENT = (5 << 3) | 0
const LAYER_VERSION = (15 << 3) | 0
const FEATURE_ID = (1 << 3) | 0
const FEATURE_TAGS = (2 << 3) | 2
const FEATURE_TYPE = (3 << 3) | 0
const FEATURE_GEOMETRY = (4 << 3) | 2
const VALUE_STRING = (1 << 3) | 2
const VALUE_DOUBLE = (3 << 3) | 1
const VALUE_UINT = (5 << 3) | 0
const VALUE_SINT = (6 << 3) | 0
const VALUE_BOOL = (7 << 3) | 0

/** Twice as much is still exact in a double. */
const LEAST_SINT = -(2 ** 52)

const MOVE_TO = 1
const LINE_TO = 2
const CLOSE_PATH = 7

/** Features without a drawable part are left out. @returns null: none has one */
export function encodeTile(name: string, features: readonly TileFeature[]): Uint8Array | null {
  const layer = new ByteWriter()
  layer.varint(LAYER_VERSION)
  layer.varint(2)
  layer.varint(LAYER_NAME)
  layer.text(name)
  layer.varint(LAYER_EXTENT)
  layer.varint(TILE_EXTENT)
  const keys = new Map<string, number>()
  const values = new Map<string | number | boolean, number>()
  const body = new ByteWriter()
  const part = new ByteWriter()
  let written = 0
  for (const { id, type, parts, attributes } of features) {
    part.clear()
    writeGeometry(part, type, parts)
    if (part.length === 0) continue
    body.clear()
    body.varint(FEATURE_ID)
    body.varint(id)
    body.varint(FEATURE_TYPE)
    body.varint(type)
    body.varint(FEATURE_GEOMETRY)
    body.block(part)
    part.clear()
    for (const [key, attribute] of attributes) {
      const value = valueOf(attribute)
      if (value === null) continue
      part.varint(indexOf(keys, key))
      part.varint(indexOf(values, value))
    }
    if (part.length > 0) {
      body.varint(FEATURE_TAGS)
      body.block(part)
    }
    layer.varint(LAYER_FEATURE)
    layer.block(body)
    written++
  }
  if (written === 0) return null
  for (const key of keys.keys()) {
    layer.varint(LAYER_KEY)
    layer.text(key)
  }
  for (const value of values.keys()) {
    body.clear()
    writeValue(body, value)
    layer.varint(LAYER_VALUE)
    layer.block(body)
  }
  const tile = new ByteWriter(layer.length + 16)
  tile.varint(TILE_LAYER)
  tile.block(layer)
  return tile.take()
}

function indexOf<Key>(indexes: Map<Key, number>, key: Key): number {
  const known = indexes.get(key)
  if (known !== undefined) return known
  const index = indexes.size
  indexes.set(key, index)
  return index
}

function valueOf(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return typeof value === 'number' ? value : JSON.stringify(value)
}

function writeValue(out: ByteWriter, value: string | number | boolean): void {
  if (typeof value === 'string') {
    out.varint(VALUE_STRING)
    out.text(value)
  } else if (typeof value === 'boolean') {
    out.varint(VALUE_BOOL)
    out.varint(value ? 1 : 0)
  } else if (!Number.isSafeInteger(value) || value < LEAST_SINT) {
    out.varint(VALUE_DOUBLE)
    out.double(value)
  } else if (value >= 0) {
    out.varint(VALUE_UINT)
    out.varint(value)
  } else {
    out.varint(VALUE_SINT)
    // Zigzag: negative numbers become odd ones.
    out.varint(-2 * value - 1)
  }
}

/** Where the pen is; geometry is written as steps from there. */
interface Pen {
  x: number
  y: number
}

function writeGeometry(out: ByteWriter, type: TileFeature['type'], parts: number[][]): void {
  const pen: Pen = { x: 0, y: 0 }
  if (type === POINTS) {
    const count = parts.reduce((sum, part) => sum + part.length / 2, 0)
    if (count === 0) return
    out.varint(command(MOVE_TO, count))
    for (const part of parts) {
      for (let index = 0; index < part.length; index += 2) {
        step(out, pen, part[index]!, part[index + 1]!)
      }
    }
    return
  }
  for (const part of parts) {
    const line = type === POLYGONS ? ringOf(part) : withoutRepetition(part)
    if (line.length < (type === POLYGONS ? 6 : 4)) continue
    out.varint(command(MOVE_TO, 1))
    step(out, pen, line[0]!, line[1]!)
    out.varint(command(LINE_TO, line.length / 2 - 1))
    for (let index = 2; index < line.length; index += 2) {
      step(out, pen, line[index]!, line[index + 1]!)
    }
    if (type === POLYGONS) out.varint(command(CLOSE_PATH, 1))
  }
}

const command = (id: number, count: number) => count * 8 + id

function step(out: ByteWriter, pen: Pen, x: number, y: number): void {
  out.zigzag(x - pen.x)
  out.zigzag(y - pen.y)
  pen.x = x
  pen.y = y
}

function withoutRepetition(line: number[]): number[] {
  const kept: number[] = []
  for (let index = 0; index < line.length; index += 2) {
    const x = line[index]!
    const y = line[index + 1]!
    if (kept.length === 0 || x !== kept.at(-2) || y !== kept.at(-1)) kept.push(x, y)
  }
  return kept
}

/** Without its last position, which is its first again; empty when rounding left it no area. */
function ringOf(part: number[]): number[] {
  const ring = withoutRepetition(part)
  if (ring.length > 2 && ring[0] === ring.at(-2) && ring[1] === ring.at(-1)) ring.length -= 2
  let twiceArea = 0
  for (let index = 0, before = ring.length - 2; index < ring.length; index += 2) {
    twiceArea += ring[before]! * ring[index + 1]! - ring[index]! * ring[before + 1]!
    before = index
  }
  return twiceArea === 0 ? [] : ring
}
