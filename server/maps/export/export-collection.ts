import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { CollectionState } from '../store/collection-state.ts'
import type { MapStore } from '../store/map-store.ts'
import { createTurn } from '../store/turns.ts'
import { csvHeader, csvRow } from './csv-rows.ts'
import type { ExportFormat } from './formats.ts'

/** Features read at a time. */
const PAGE = 500

/** Of what is given at a time, in characters of features. */
const PIECE = 250_000

/**
 * All features of a collection that the scope sees, as text, piece by piece: what an import of the same
 * format reads again. Features that are written meanwhile may be in it or not; behind an import that
 * is swapped in meanwhile it goes on with the new data.
 * @returns null: there is no such collection for the scope
 */
export async function exportCollection(order: ExportOrder): Promise<AsyncGenerator<string> | null> {
  const state = await order.store.state(await order.scope(), order.collectionId)
  return state && textOf(order, state)
}

interface ExportOrder {
  store: MapStore
  /** Asked for each page. */
  scope: () => AccessScope | Promise<AccessScope>
  collectionId: string
  format: ExportFormat
}

async function* textOf(
  { store, scope, collectionId, format }: ExportOrder,
  state: CollectionState,
): AsyncGenerator<string> {
  yield beginning(format, state)
  const turn = createTurn()
  let isFirst = true
  for (let after: number | undefined; ;) {
    const page = await store.items(await scope(), collectionId, {
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    // Deleted, or no longer seen: the rest must not look as if it were all.
    if (!page) throw new Error(`the collection ${collectionId} went away during its export`)
    for (const features of piecesOf(page.features)) {
      yield pieceText(format, state, features, isFirst)
      isFirst = false
      if (turn.isOver()) await turn.yield()
    }
    if (page.next === null) break
    after = page.next
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
