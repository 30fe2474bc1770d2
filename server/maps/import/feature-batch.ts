import type { Generation } from '../store/changes.ts'
import type { FaultList } from './fault-list.ts'
import { contentId, type JudgedFeature } from './judge-record.ts'

interface Waiting {
  line: number
  record: number
  /** Where it has no id, one is made of its content. */
  feature: JudgedFeature
}

/** As many as the store writes at a time. */
const MAXIMUM_FEATURES = 1_000
/** Of text; a batch is in memory whole. */
const MAXIMUM_BYTES = 1_024 * 1_024
const MOST_REPEATED = 100_000

/**
 * Gathers features and writes them into a generation. Those without ids that have the same content are
 * told apart by counting them.
 */
export class FeatureBatch {
  readonly #generation: Generation
  readonly #faults: FaultList
  #waiting: Waiting[] = []
  #bytes = 0
  /** By the id of the first, how many more have the same content. */
  readonly #repeated = new Map<string, number>()
  written = 0

  constructor(generation: Generation, faults: FaultList) {
    this.#generation = generation
    this.#faults = faults
  }

  async add(line: number, record: number, bytes: number, feature: JudgedFeature): Promise<void> {
    this.#waiting.push({ line, record, feature })
    this.#bytes += bytes
    if (this.#waiting.length >= MAXIMUM_FEATURES || this.#bytes >= MAXIMUM_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    let batch = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    while (batch.length > 0) {
      batch = await this.#write(batch)
    }
  }

  /** @returns those to be tried again: the ids made for them are taken */
  async #write(batch: readonly Waiting[]): Promise<Waiting[]> {
    const features = batch.map(({ feature }) => ({
      ...feature,
      id: feature.id ?? this.#madeId(feature),
    }))
    const refused = await this.#generation.add(features)
    this.written += batch.length - refused.length
    const again: Waiting[] = []
    for (const { index, reason } of refused) {
      const waiting = batch[index]!
      if (waiting.feature.id === null) {
        this.#countRepeated(waiting.feature)
        again.push(waiting)
      } else this.#faults.add(waiting.line, waiting.record, `id: ${reason}`)
    }
    return again
  }

  /** Of its content, or where that has been there before, of the content and how often. */
  #madeId(feature: JudgedFeature): string {
    const first = contentId(feature, 0)
    const before = this.#repeated.get(first)
    if (before === undefined) return first
    this.#repeated.set(first, before + 1)
    return contentId(feature, before + 1)
  }

  #countRepeated(feature: JudgedFeature): void {
    const first = contentId(feature, 0)
    if (this.#repeated.has(first)) return
    // Contents that are forgotten are counted from 1 again, which only takes longer.
    if (this.#repeated.size >= MOST_REPEATED) this.#repeated.clear()
    this.#repeated.set(first, 0)
  }
}
