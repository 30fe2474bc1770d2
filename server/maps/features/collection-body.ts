import type { Static } from 'typebox'
import type { CollectionState } from '../store/collection-state.ts'
import { CRS84 } from './items-query.ts'
import type { Link } from './links.ts'
import type { collectionBody } from './answer-schemas.ts'

/** A collection as it is shown (17-069r4 §7.14): its extent is cut to what the caller may see. */
export function describeCollection(
  state: CollectionState,
  links: Link[],
): Static<typeof collectionBody> {
  const { collection, dimension, featureCount } = state
  const { id, title, description, attribution } = collection
  const extent = extentOf(state)
  return {
    id,
    title,
    description,
    attribution,
    itemType: 'feature',
    crs: [CRS84],
    ...(dimension !== null && { geometryDimension: dimension }),
    ...(featureCount !== null && { featureCount }),
    ...(extent && { extent }),
    links,
  }
}

function extentOf({ extent, interval }: CollectionState) {
  if (!extent && !interval) return null
  return {
    ...(extent && {
      spatial: {
        bbox: [[extent.west, extent.south, extent.east, extent.north]],
        crs: CRS84,
      },
    }),
    ...(interval && {
      temporal: { interval: [interval.map(timeText)], trs: GREGORIAN },
    }),
  }
}

const timeText = (time: number | null) => (time === null ? null : new Date(time).toISOString())

const GREGORIAN = 'http://www.opengis.net/def/uom/ISO-8601/0/Gregorian'
