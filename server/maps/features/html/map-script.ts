/**
 * Draws the map of a page with MapLibre (`map.ts` says of what): the features of the page as GeoJSON,
 * or a collection by its tiles, over lines of longitude and latitude, in the page's colours. Nothing
 * is fetched from elsewhere. Where it cannot be drawn the page is whole without it.
 */
export const MAP_SCRIPT = `import { AttributionControl, LngLatBounds, Map, NavigationControl, Popup } from './maplibre-gl.mjs'

const place = document.getElementById('map')
const { features, tiles, items, itemsQuery, box, token } = place.dataset
const headers = token ? { authorization: 'Bearer ' + token } : {}

// The control takes markup, and this is text.
const credit = document.createElement('span')
credit.textContent = place.dataset.attribution
const attribution = credit.innerHTML

const styles = getComputedStyle(document.documentElement)
const colour = (name) => styles.getPropertyValue(name).trim()

function graticule() {
  const lines = []
  for (let x = -180; x <= 180; x += 10) lines.push([[x, -85], [x, 85]])
  for (let y = -80; y <= 80; y += 10) lines.push([[-180, y], [180, y]])
  return { type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } }
}

async function json(url) {
  const answer = await fetch(url, { credentials: 'omit', headers })
  if (!answer.ok) throw new Error(String(answer.status))
  return answer.json()
}

function extend(bounds, coordinates) {
  if (typeof coordinates[0] === 'number') bounds.extend([coordinates[0], coordinates[1]])
  else coordinates.forEach((inner) => extend(bounds, inner))
}

async function data() {
  if (tiles) {
    const { vector_layers: layers, ...tileJson } = await json(tiles)
    const [west, south, east, north] = (box ?? '-180,-85,180,85').split(',').map(Number)
    return {
      source: {
        type: 'vector',
        tiles: tileJson.tiles,
        minzoom: tileJson.minzoom ?? 0,
        maxzoom: tileJson.maxzoom ?? 14,
        attribution,
      },
      sourceLayer: layers[0].id,
      bounds: new LngLatBounds([west, south], [east, north]),
    }
  }
  const answer = await json(features)
  const all = answer.features ?? [answer]
  const bounds = new LngLatBounds()
  for (const feature of all) {
    extend(bounds, feature.geometry.coordinates)
    feature.properties = { name: feature.properties.name ?? null, id: feature.id }
  }
  return {
    source: { type: 'geojson', data: { type: 'FeatureCollection', features: all }, attribution },
    bounds,
  }
}

const { source, sourceLayer, bounds } = await data()
place.hidden = false
const accent = colour('--accent')
const back = colour('--back')
const layer = (id, type, kind, paint) => ({
  id,
  type,
  source: 'data',
  ...(sourceLayer && { 'source-layer': sourceLayer }),
  filter: ['==', ['geometry-type'], kind],
  paint,
})
const map = new Map({
  container: place,
  attributionControl: false,
  transformRequest: (url) => ({ url, headers, credentials: 'omit' }),
  cooperativeGestures: true,
  dragRotate: false,
  renderWorldCopies: false,
  pitchWithRotate: false,
  bounds: bounds.isEmpty() ? [-180, -60, 180, 75] : bounds,
  fitBoundsOptions: { padding: 40, maxZoom: 14 },
  style: {
    version: 8,
    sources: { data: source, lines: { type: 'geojson', data: graticule() } },
    layers: [
      { id: 'back', type: 'background', paint: { 'background-color': back } },
      { id: 'lines', type: 'line', source: 'lines', paint: { 'line-color': colour('--line'), 'line-width': 1 } },
      layer('areas', 'fill', 'Polygon', { 'fill-color': accent, 'fill-opacity': 0.2 }),
      layer('edges', 'line', 'Polygon', { 'line-color': accent, 'line-width': 1.25 }),
      layer('ways', 'line', 'LineString', { 'line-color': accent, 'line-width': 2.5 }),
      layer('points', 'circle', 'Point', {
        'circle-color': accent,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 0, 2, 8, 4.5, 14, 7],
        'circle-stroke-color': colour('--card'),
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 0, 0.25, 8, 1.25],
      }),
    ],
  },
})
map.addControl(new NavigationControl({ showCompass: false }), 'top-right')
map.addControl(new AttributionControl({ compact: false }))
for (const id of ['areas', 'ways', 'points']) {
  map.on('mouseenter', id, () => { map.getCanvas().style.cursor = 'pointer' })
  map.on('mouseleave', id, () => { map.getCanvas().style.cursor = '' })
  map.on('click', id, (event) => {
    const { id: featureId, name } = event.features[0].properties
    if (name === null && featureId === undefined) return
    const content = document.createElement(featureId === undefined ? 'span' : 'a')
    content.textContent = name ?? featureId
    if (featureId !== undefined) content.href = items + encodeURIComponent(featureId) + itemsQuery
    new Popup().setLngLat(event.lngLat).setDOMContent(content).addTo(map)
  })
}
map.once('idle', () => { place.dataset.drawn = 'true' })
`
