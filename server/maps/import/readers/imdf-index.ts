import type { Position } from 'geojson'
import { isFeatureId } from '../../store/feature-id.ts'
import type { ImdfType } from './imdf.ts'
import { isObject, type Reading, type SourceRecord, UnreadableError } from './reading.ts'

/** What the features of an IMDF archive say of each other: where they are, and on which level. */
export interface ImdfIndex {
  /** A point for a feature without geometry; null: nothing gives it one. */
  placeOf(feature: SourceRecord): Position | null
  /** The ordinal of its level: 0 is the ground floor; null: none, or it is on no level. */
  levelOf(feature: SourceRecord): number | null
}

interface Known {
  place: Position | null
  level: number | null
}

/** Also those that are only referred to. It is kept in memory, some 300 bytes for each. */
const MOST_FEATURES = 1_000_000

/** @param read the features of a type, as they are in the archive */
export async function createImdfIndex(
  types: readonly ImdfType[],
  read: (type: ImdfType) => AsyncIterable<Reading>,
): Promise<ImdfIndex> {
  const known = new Map<string, Known>()

  function placeOf(feature: SourceRecord): Position | null {
    const own = pointOf(feature.properties['display_point']) ?? pointOf(feature.geometry)
    if (own) return own
    const referred = REFERENCES.flatMap((name) => idsOf(feature.properties[name]))
    const found = referred.map((id) => known.get(id)?.place).find((place) => place)
    const id = keyOf(feature)
    return found ?? (id === null ? null : (known.get(id)?.place ?? null))
  }

  function levelOf(feature: SourceRecord): number | null {
    const { ordinal } = feature.properties
    if (typeof ordinal === 'number') return ordinal
    const referred = LEVEL_REFERENCES.flatMap((name) => idsOf(feature.properties[name]))
    return (
      referred.map((id) => known.get(id)?.level ?? null).find((level) => level !== null) ?? null
    )
  }

  function learn(feature: SourceRecord): void {
    const place = placeOf(feature)
    const id = keyOf(feature)
    if (id !== null) keep(id, { place, level: levelOf(feature) })
    // Buildings and addresses have no reference that leads to a place: others refer to them.
    for (const each of REFERRED_TO.flatMap((name) => idsOf(feature.properties[name]))) {
      const before = known.get(each)
      if (!before?.place) keep(each, { place, level: before?.level ?? null })
    }
  }

  function keep(id: string, what: Known): void {
    known.set(id, what)
    if (known.size > MOST_FEATURES) {
      throw new UnreadableError(0, `the archive has more than ${MOST_FEATURES} features`)
    }
  }

  const firstOf = (order: readonly ImdfType[]) => order.filter((type) => types.includes(type))
  const rest = types.filter((type) => !FIRST.includes(type))
  for (const type of [...firstOf(FIRST), ...rest]) {
    for await (const reading of read(type)) if ('value' in reading) learn(reading.value)
  }
  return { placeOf, levelOf }
}

/** Others take place and level from these. */
const FIRST: readonly ImdfType[] = ['level', 'unit', 'anchor', 'footprint', 'venue']

const REFERENCES = [
  'anchor_id',
  'unit_id',
  'unit_ids',
  'origin',
  'intermediary',
  'destination',
  'building_id',
  'building_ids',
  'level_id',
  'level_ids',
  'venue_id',
]
const LEVEL_REFERENCES = ['level_id', 'level_ids', 'unit_id', 'unit_ids', 'anchor_id', 'origin']
const REFERRED_TO = ['building_ids', 'address_id']

/** null: it has no id that others could refer to. */
function keyOf({ id }: SourceRecord): string | null {
  const text = id === undefined ? null : String(id)
  return text !== null && isFeatureId(text) ? text : null
}

/** A reference is an id, several, or (in relationships) an object that holds one. */
function idsOf(value: unknown): string[] {
  if (typeof value === 'string') return isFeatureId(value) ? [value] : []
  if (Array.isArray(value)) return value.flatMap(idsOf)
  return isObject(value) && typeof value['id'] === 'string' ? idsOf(value['id']) : []
}

/** The point, or the first position of something larger. */
function pointOf(geometry: unknown): Position | null {
  if (!isObject(geometry)) return null
  let coordinates: unknown = geometry['coordinates']
  while (Array.isArray(coordinates) && Array.isArray(coordinates[0])) coordinates = coordinates[0]
  return Array.isArray(coordinates) && coordinates.slice(0, 2).every(Number.isFinite)
    ? (coordinates.slice(0, 2) as Position)
    : null
}
