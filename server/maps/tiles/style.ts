import type { CollectionState } from '../store/collection-state.ts'

/** Of fills, lines and circles: seen on light and dark maps. */
const COLOUR = '#0b63c5'

/**
 * A style for MapLibre (https://maplibre.org/maplibre-style-spec/) that shows a collection alone. It
 * has no labels, because these need fonts from elsewhere.
 * @param tileJson the URL of the collection's TileJSON
 */
export function styleOf({ collection, dimension }: CollectionState, tileJson: string) {
  const { id, title } = collection
  return {
    version: 8,
    name: title,
    sources: { [id]: { type: 'vector', url: tileJson } },
    layers: layersOf(dimension).map(({ name, ...layer }) => ({
      id: `${id}-${name}`,
      source: id,
      'source-layer': id,
      ...layer,
    })),
  }
}

function layersOf(dimension: CollectionState['dimension']) {
  switch (dimension) {
    case 0:
      return [POINTS]
    case 1:
      return [LINES]
    case 2:
      return [FILLS, LINES]
    case null:
      return []
  }
}

const POINTS = {
  name: 'points',
  type: 'circle',
  paint: {
    'circle-color': COLOUR,
    'circle-radius': ['interpolate', ['linear'], ['zoom'], 0, 1.5, 10, 4, 16, 7],
    'circle-stroke-color': '#ffffff',
    'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 4, 0, 10, 1],
  },
}

const LINES = {
  name: 'lines',
  type: 'line',
  layout: { 'line-cap': 'round', 'line-join': 'round' },
  paint: {
    'line-color': COLOUR,
    'line-width': ['interpolate', ['linear'], ['zoom'], 0, 0.5, 10, 1.5, 16, 3],
  },
}

const FILLS = {
  name: 'fills',
  type: 'fill',
  paint: { 'fill-color': COLOUR, 'fill-opacity': 0.2 },
}
