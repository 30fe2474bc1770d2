import type { Polygon } from 'geojson'

/** The areas of the sample's city, roughly. */

/** As in `examples/madison.geojson`. */
export const MADISON: Polygon = {
  type: 'Polygon',
  coordinates: [
    [
      [-89.56, 43.0],
      [-89.25, 43.0],
      [-89.25, 43.17],
      [-89.4, 43.17],
      [-89.41, 43.11],
      [-89.56, 43.13],
      [-89.56, 43.0],
    ],
  ],
}

/** Well within its borders, so that its neighbours are not seen. */
export const DANE_COUNTY: Polygon = {
  type: 'Polygon',
  coordinates: [
    [
      [-89.83, 42.86],
      [-89.02, 42.86],
      [-89.02, 43.19],
      [-89.72, 43.19],
      [-89.83, 43.1],
      [-89.83, 42.86],
    ],
  ],
}
