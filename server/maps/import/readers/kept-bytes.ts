/** Gathers the pieces of one record up to a size; of a larger one it keeps nothing but that it was. */
export class KeptBytes {
  readonly #limit: number
  #pieces: Buffer[] = []
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  add(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) return
    this.#size += to - from
    if (this.#size > this.#limit) this.#pieces = []
    else this.#pieces.push(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from))
  }

  /** What was gathered, to begin anew; null: it was too large. */
  take(): Buffer | null {
    const [pieces, size] = [this.#pieces, this.#size]
    this.#pieces = []
    this.#size = 0
    if (size > this.#limit) return null
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size)
  }
}
