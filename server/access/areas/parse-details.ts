import { OAuthError } from '../../protocol/oauth-error.ts'
import type { AreaGeometry } from './areas.ts'
import { isMapAction, MAP_ACTIONS, type MapAction } from './map-data-detail.ts'
import { parseArea } from './parse-area.ts'

/** An element of `authorization_details` before its area is stored. */
export interface RequestedDetail {
  actions: readonly MapAction[]
  /** null: all that the client may see. */
  collections: readonly string[] | null
  /** null: everywhere. */
  area: AreaGeometry | null
}

const MAXIMUM_ELEMENTS = 10
const MAXIMUM_COLLECTIONS = 100
/** Characters in all their names: they stand in tokens, and tokens in headers. */
const MAXIMUM_COLLECTIONS_LENGTH = 2_000

const MEMBERS = new Set(['type', 'actions', 'collections', 'area'])

/**
 * The parameter `authorization_details` (RFC 9396 §2): a JSON array of elements
 * `{"type": "map_data", "actions": ["read"], "collections": ["buildings"], "area": {"type": "Polygon", ...}}`,
 * of which `collections` and `area` may be left out. An area has no name here: what a client calls
 * it might make a person think of another one.
 * @throws OAuthError invalid_authorization_details (RFC 9396 §5), also for members that are not
 * known: they might have been meant to limit
 */
export function parseDetails(text: string): RequestedDetail[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidDetails('is not JSON')
  }
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidDetails('must be an array with at least one element')
  }
  if (value.length > MAXIMUM_ELEMENTS) {
    throw invalidDetails(`has more than ${MAXIMUM_ELEMENTS} elements`)
  }
  const details = value.map(toDetail)
  const names = details.flatMap(({ collections }) => collections ?? [])
  if (names.join(' ').length > MAXIMUM_COLLECTIONS_LENGTH) {
    throw invalidDetails('names too many collections')
  }
  return details
}

/** @param fault completes the sentence "authorization_details ..." */
export const invalidDetails = (fault: string): OAuthError =>
  new OAuthError('invalid_authorization_details', `authorization_details ${fault}.`)

function toDetail(value: unknown): RequestedDetail {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidDetails('has an element that is no object')
  }
  const detail = value as Record<string, unknown>
  if (detail.type !== 'map_data')
    throw invalidDetails('has an element of a type other than map_data')
  const unknown = Object.keys(detail).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) {
    throw invalidDetails(`has an element with the unknown member ${printable(unknown)}`)
  }
  return {
    actions: toActions(detail.actions),
    collections: detail.collections === undefined ? null : toCollections(detail.collections),
    area: detail.area === undefined ? null : toArea(detail.area),
  }
}

function toActions(value: unknown): MapAction[] {
  const known = Array.isArray(value) && value.length > 0 && value.every((item) => isAction(item))
  if (!known) {
    throw invalidDetails(`needs "actions": a list of ${MAP_ACTIONS.join(', ')} in each element`)
  }
  return MAP_ACTIONS.filter((action) => value.includes(action))
}

const isAction = (value: unknown): boolean => typeof value === 'string' && isMapAction(value)

function toCollections(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAXIMUM_COLLECTIONS) {
    throw invalidDetails(`has "collections" that are no list of 1 to ${MAXIMUM_COLLECTIONS} names`)
  }
  for (const name of value as unknown[]) {
    if (typeof name !== 'string' || !COLLECTION.test(name)) {
      throw invalidDetails('has a collection whose name is malformed')
    }
  }
  return [...new Set(value as string[])]
}

function toArea(value: unknown): AreaGeometry {
  const parsed = parseArea(value)
  if (parsed.kind === 'refused') throw invalidDetails(`has an area that ${parsed.reason}`)
  return parsed.geometry
}

const COLLECTION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** RFC 6749 §5.2 */
const printable = (text: string) =>
  text.slice(0, 40).replaceAll(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')
