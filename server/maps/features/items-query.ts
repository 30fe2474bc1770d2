import { type Box, parseBoxes } from '../../geo/box.ts'
import { badParameter } from '../../protocol/problem.ts'
import type { CollectionState } from '../store/collection-state.ts'
import type { FeatureFilter } from '../store/map-store.ts'
import type { Cursors } from './cursor.ts'
import { parseDatetime } from './datetime.ts'
import { shown } from './names.ts'
import { parseFilters } from './property-filters.ts'
import { parseFields } from './select-fields.ts'

/**
 * The query of a list of features. It is read by hand: which parameters there are depends on the
 * collection, and each fault has a name of its own.
 */
export interface ParsedItemsQuery {
  limit: number
  /** The key to go on behind; null: the first page. */
  after: number | null
  filter: FeatureFilter
  /** The properties to be given; null: all. */
  fields: ReadonlySet<string> | null
}

export type RawQuery = Record<string, string | string[] | undefined>

export const DEFAULT_LIMIT = 100
export const MAXIMUM_LIMIT = 10_000

/** What `bbox-crs` may say: there is one system (17-069r4 §7.15.3 with 18-058r1 §6.3.1). */
export const CRS84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'

const PARAMETERS: ReadonlySet<string> = new Set([
  'limit',
  'bbox',
  'bbox-crs',
  'datetime',
  'fields',
  'after',
  'f',
  'access_token',
])

/** @throws Problem 400 naming the parameter */
export function parseItemsQuery(
  query: RawQuery,
  { collection, schema }: CollectionState,
  cursors: Cursors,
): ParsedItemsQuery {
  const one = (name: string): string | undefined => {
    const value = query[name]
    if (typeof value === 'object') throw badParameter(name, 'must be there only once')
    return value
  }
  const filter: FeatureFilter = {}
  const bbox = one('bbox')
  if (bbox !== undefined) filter.boxes = parseBbox(bbox)
  const crs = one('bbox-crs')
  if (crs !== undefined && crs !== CRS84 && crs !== '[OGC:CRS84]') {
    throw badParameter('bbox-crs', `must be ${CRS84}`)
  }
  const datetime = one('datetime')
  if (datetime !== undefined) {
    const parsed = parseDatetime(datetime)
    if (parsed.kind === 'invalid') throw badParameter('datetime', parsed.detail)
    const { from, to } = parsed.time
    if (from !== null || to !== null) filter.time = parsed.time
  }
  const properties = parseFilters(query, PARAMETERS, schema)
  if (properties) filter.properties = properties
  return {
    limit: parseLimit(one('limit')),
    after: parseAfter(one('after'), collection.id, cursors),
    filter,
    fields: parseFields(one('fields'), schema),
  }
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  if (!/^\+?\d{1,15}$/.test(text) || Number(text) === 0) {
    throw badParameter(
      'limit',
      `must be an integer from 1 on; more than ${MAXIMUM_LIMIT} means ${MAXIMUM_LIMIT}`,
    )
  }
  // 17-069r4 §7.15.2: a limit above the maximum is no error, the maximum is used.
  return Math.min(Number(text), MAXIMUM_LIMIT)
}

function parseAfter(
  text: string | undefined,
  collectionId: string,
  cursors: Cursors,
): number | null {
  if (text === undefined) return null
  const key = cursors.open(collectionId, text)
  if (key === null) throw badParameter('after', 'is not a cursor from a "next" link')
  return key
}

/** Four numbers, or six with heights, which count for nothing here (17-069r4 §7.15.3). */
export function parseBbox(text: string): Box[] {
  const parts = text.split(',', 7)
  if (parts.length === 6) {
    const [, , lowest, , , highest] = parts as [string, string, string, string, string, string]
    for (const height of [lowest, highest]) {
      if (!/^\s*[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,3})?\s*$/i.test(height)) {
        throw badParameter('bbox', `the height "${shown(height)}" is not a number`)
      }
    }
    if (Number(lowest) > Number(highest)) {
      throw badParameter(
        'bbox',
        `the lowest height (${lowest}) is greater than the highest (${highest})`,
      )
    }
  }
  const flat = parts.length === 6 ? parts.filter((_, index) => index % 3 !== 2).join(',') : text
  const parsed = parseBoxes(flat)
  if (parsed.kind === 'invalid') throw badParameter('bbox', parsed.detail)
  return parsed.boxes
}
