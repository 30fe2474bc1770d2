/**
 * QR codes (ISO/IEC 18004), as far as a text on a screen needs: bytes, error correction level L,
 * versions 1 to 20.
 */

/** Rows of modules, true for dark, without the quiet zone of four; null: the text is too long (858 bytes). */
export function qrCode(text: string): boolean[][] | null {
  const data = Buffer.from(text)
  const version = ECC_PER_BLOCK.findIndex(
    (_, v) => v > 0 && dataCodewords(v) * 8 >= 4 + lengthBits(v) + data.length * 8,
  )
  if (version < 0) return null
  const codewords = interleave(encode(data, version), version)
  // Any mask can be read; the one with the fewest confusing patterns is read most easily.
  const candidates = MASKS.map((_, mask) => draw(codewords, version, mask))
  return candidates.reduce((best, next) => (penalty(next) < penalty(best) ? next : best))
}

/** Level L, by version. */
const ECC_PER_BLOCK = [
  0, 7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
]
const BLOCKS = [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8]

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
]

const sizeOf = (version: number) => version * 4 + 17
const lengthBits = (version: number) => (version < 10 ? 8 : 16)

/** Modules left for data and error correction, in whole bytes. */
function rawCodewords(version: number): number {
  const alignments = version < 2 ? 0 : Math.floor(version / 7) + 2
  const ofAlignment = alignments === 0 ? 0 : (25 * alignments - 10) * alignments - 55
  const ofVersion = version < 7 ? 0 : 36
  return Math.floor(((16 * version + 128) * version + 64 - ofAlignment - ofVersion) / 8)
}

const dataCodewords = (version: number) =>
  rawCodewords(version) - ECC_PER_BLOCK[version]! * BLOCKS[version]!

function encode(data: Buffer, version: number): number[] {
  const bits: number[] = []
  const append = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >>> bit) & 1)
  }
  append(0b0100, 4)
  append(data.length, lengthBits(version))
  for (const byte of data) append(byte, 8)
  const capacity = dataCodewords(version)
  append(0, Math.min(4, capacity * 8 - bits.length))
  append(0, (8 - (bits.length % 8)) % 8)
  const bytes = Array.from({ length: bits.length / 8 }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8).join(''), 2),
  )
  for (let pad = 0xec; bytes.length < capacity; pad ^= 0xec ^ 0x11) bytes.push(pad)
  return bytes
}

/** Splits into blocks, gives each its error correction, and takes one byte of each in turn. */
function interleave(data: number[], version: number): number[] {
  const blocks = BLOCKS[version]!
  const eccLength = ECC_PER_BLOCK[version]!
  const raw = rawCodewords(version)
  const short = blocks - (raw % blocks)
  const shortLength = Math.floor(raw / blocks) - eccLength
  const divisor = generator(eccLength)
  let taken = 0
  const parts = Array.from({ length: blocks }, (_, index) => {
    const block = data.slice(taken, (taken += shortLength + (index < short ? 0 : 1)))
    return { block, ecc: remainder(block, divisor) }
  })
  const columns = (length: number) => Array.from({ length }, (_, index) => index)
  return [
    ...columns(shortLength + 1).flatMap((column) =>
      parts.flatMap(({ block }) => (column < block.length ? [block[column]!] : [])),
    ),
    ...columns(eccLength).flatMap((column) => parts.map(({ ecc }) => ecc[column]!)),
  ]
}

/** In GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d)
    product ^= ((b >>> bit) & 1) * a
  }
  return product
}

/** The Reed-Solomon generator polynomial of that degree, without its leading 1. */
function generator(degree: number): number[] {
  const result = [...Array<number>(degree - 1).fill(0), 1]
  let root = 1
  for (let round = 0; round < degree; round++) {
    for (let index = 0; index < degree; index++) {
      result[index] = multiply(result[index]!, root) ^ (result[index + 1] ?? 0)
    }
    root = multiply(root, 2)
  }
  return result
}

function remainder(data: readonly number[], divisor: readonly number[]): number[] {
  const result = divisor.map(() => 0)
  for (const byte of data) {
    const factor = byte ^ result.shift()!
    result.push(0)
    for (const [index, coefficient] of divisor.entries()) {
      result[index]! ^= multiply(coefficient, factor)
    }
  }
  return result
}

function draw(codewords: readonly number[], version: number, mask: number): boolean[][] {
  const size = sizeOf(version)
  const modules = Array.from({ length: size }, () => Array<boolean>(size).fill(false))
  const fixed = Array.from({ length: size }, () => Array<boolean>(size).fill(false))
  const set = (x: number, y: number, dark: boolean) => {
    if (x < 0 || y < 0 || x >= size || y >= size) return
    modules[y]![x] = dark
    fixed[y]![x] = true
  }
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0)
    set(at, 6, at % 2 === 0)
  }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const) {
    square(x, y, 4, (distance) => distance !== 2 && distance !== 4)
  }
  const places = alignmentPlaces(version)
  const last = places.length - 1
  for (const [i, x] of places.entries()) {
    for (const [j, y] of places.entries()) {
      const inFinder = (i === 0 && (j === 0 || j === last)) || (i === last && j === 0)
      if (!inFinder) square(x, y, 2, (distance) => distance !== 1)
    }
  }
  drawFormat()
  drawVersion()
  drawData()
  return modules

  function square(x: number, y: number, radius: number, dark: (distance: number) => boolean) {
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) {
        set(x + dx, y + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))))
      }
    }
  }

  function drawFormat() {
    // Level L is 01.
    const bits = withCheck((0b01 << 3) | mask, 10, 0x537, 0x5412)
    const bit = (index: number) => ((bits >>> index) & 1) === 1
    for (let index = 0; index < 15; index++) {
      const along = index < 6 ? index : index < 8 ? index + 1 : size - 15 + index
      set(8, along, bit(index))
      const across = index < 8 ? size - 1 - index : index === 8 ? 7 : 14 - index
      set(across, 8, bit(index))
    }
    set(8, size - 8, true)
  }

  function drawVersion() {
    if (version < 7) return
    const bits = withCheck(version, 12, 0x1f25, 0)
    for (let index = 0; index < 18; index++) {
      const dark = ((bits >>> index) & 1) === 1
      const far = size - 11 + (index % 3)
      const near = Math.floor(index / 3)
      set(far, near, dark)
      set(near, far, dark)
    }
  }

  /** In pairs of columns from the right, up and down in turn, around what is fixed. */
  function drawData() {
    let index = 0
    let upward = true
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5
      for (let step = 0; step < size; step++) {
        const y = upward ? size - 1 - step : step
        for (const x of [right, right - 1]) {
          if (fixed[y]![x]) continue
          const byte = codewords[index >>> 3] ?? 0
          const dark = ((byte >>> (7 - (index & 7))) & 1) === 1
          modules[y]![x] = dark !== MASKS[mask]!(x, y)
          index++
        }
      }
      upward = !upward
    }
  }
}

/** `value` followed by its BCH check bits. */
function withCheck(value: number, checkBits: number, divisor: number, mask: number): number {
  let rest = value
  for (let bit = 0; bit < checkBits; bit++) {
    rest = (rest << 1) ^ ((rest >>> (checkBits - 1)) * divisor)
  }
  return ((value << checkBits) | rest) ^ mask
}

function alignmentPlaces(version: number): number[] {
  if (version === 1) return []
  const count = Math.floor(version / 7) + 2
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2
  const later = Array.from({ length: count - 1 }, (_, index) => sizeOf(version) - 7 - index * step)
  return [6, ...later.toReversed()]
}

/** Long runs, blocks, shapes like finders, and imbalance of dark and light: the fewer the better. */
function penalty(modules: readonly boolean[][]): number {
  const size = modules.length
  const columns = modules.map((_, x) => modules.map((row) => row[x]!))
  let total = 0
  for (const line of [...modules, ...columns]) {
    const text = line.map(Number).join('')
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) total += run.length - 2
    total += 40 * (text.match(/(?=10111010000|00001011101)/g)?.length ?? 0)
  }
  for (let y = 0; y < size - 1; y++) {
    for (let x = 0; x < size - 1; x++) {
      const dark = modules[y]![x]
      const same = dark === modules[y]![x + 1] && dark === modules[y + 1]![x]
      if (same && dark === modules[y + 1]![x + 1]) total += 3
    }
  }
  const dark = modules.flat().filter(Boolean).length
  return total + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10))
}
