import { setTimeout as sleep } from 'node:timers/promises'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { CollectionState } from '../store/collection-state.ts'
import type { ItemsPage, MapStore } from '../store/map-store.ts'
import { createTurn } from '../store/turns.ts'
import { csvHeader, csvRow } from './csv-rows.ts'
import type { ExportFormat } from './formats.ts'

/** Features read at a time. */
const PAGE = 500

/** Of what is given at a time, in characters of features. */
const PIECE = 250_000

/**
 * All features of a collection that the scope sees, as text, piece by piece: what an import of the same
 * format reads again. Features that are written meanwhile may be in it or not.
 * @returns null: there is no such collection for the scope. Reading the text throws
 * `ExportBrokenError` when the collection goes, or an import is swapped in meanwhile.
 */
export async function exportCollection(order: ExportOrder): Promise<AsyncGenerator<string> | null> {
  for (let attempt = 1; ; attempt++) {
    const state = await order.store.state(await order.scope(), order.collectionId)
    const page = state && (await pageBehind(order, undefined))
    if (!page) return null
    if (page.generation === state.generation || attempt === ATTEMPTS) {
      return textOf(order, state, page)
    }
    // A thread that reads heard of an import before this one.
    await sleep(ATTEMPT_MILLISECONDS)
  }
}

const ATTEMPTS = 10
const ATTEMPT_MILLISECONDS = 100

/** What has been written so far must not look as if it were all. */
export class ExportBrokenError extends Error {
  override name = 'ExportBrokenError'
}

interface ExportOrder {
  store: MapStore
  /** Asked for each page. */
  scope: () => AccessScope | Promise<AccessScope>
  collectionId: string
  format: ExportFormat
}

async function pageBehind(
  { store, scope, collectionId }: ExportOrder,
  after: number | undefined,
): Promise<ItemsPage | null> {
  return store.items(await scope(), collectionId, {
    limit: PAGE,
    ...(after !== undefined && { after }),
  })
}

async function* textOf(
  order: ExportOrder,
  state: CollectionState,
  first: ItemsPage,
): AsyncGenerator<string> {
  const { format } = order
  yield beginning(format, state)
  const turn = createTurn()
  let isFirst = true
  for (let page: ItemsPage | null = first; ; page = await pageBehind(order, page.next)) {
    // Deleted, or no longer seen.
    if (!page) throw new ExportBrokenError('the collection went away meanwhile')
    if (page.generation !== state.generation) {
      throw new ExportBrokenError('an import took the place of its data meanwhile')
    }
    for (const features of piecesOf(page.features)) {
      yield pieceText(format, state, features, isFirst)
      isFirst = false
      if (turn.isOver()) await turn.yield()
    }
    if (page.next === null) break
  }
  if (format === 'geojson') yield '\n]}\n'
}

function beginning(format: ExportFormat, state: CollectionState): string {
  switch (format) {
    case 'geojson':
      return '{"type":"FeatureCollection","features":[\n'
    case 'ndjson':
      return ''
    case 'csv':
      return csvHeader(state)
  }
}

/** Some features at a time, so that no more than they and a page are in memory, however slowly it is read. */
function* piecesOf(features: readonly string[]): Generator<string[]> {
  let piece: string[] = []
  let length = 0
  for (const feature of features) {
    if (piece.length > 0 && length + feature.length > PIECE) {
      yield piece
      piece = []
      length = 0
    }
    piece.push(feature)
    length += feature.length
  }
  if (piece.length > 0) yield piece
}

function pieceText(
  format: ExportFormat,
  state: CollectionState,
  features: readonly string[],
  isFirst: boolean,
): string {
  switch (format) {
    case 'geojson':
      return `${isFirst ? '' : ',\n'}${features.join(',\n')}`
    case 'ndjson':
      return `${features.join('\n')}\n`
    case 'csv':
      return features.map((feature) => csvRow(state, feature)).join('')
  }
}
