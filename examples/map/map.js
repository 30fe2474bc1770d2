import { Map, NavigationControl, Popup } from './maplibre-gl/maplibre-gl.mjs'

const given = new URLSearchParams(location.hash.slice(1))
const server = given.get('server') ?? 'http://localhost:8080'
const collection = given.get('collection') ?? 'places'
const token = given.get('token')

/** TileJSON names the tiles' addresses, with the token when it was asked for with it. */
function tiles(id, accessToken) {
  const query = accessToken ? `?access_token=${encodeURIComponent(accessToken)}` : ''
  return { type: 'vector', url: `${server}/maps/tiles/${id}/tilejson.json${query}` }
}

const map = new Map({
  container: 'map',
  center: [-89.4, 43.07],
  zoom: 9,
  style: {
    version: 8,
    sources: { countries: tiles('countries', null), data: tiles(collection, token) },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': '#cfe3ee' } },
      {
        id: 'land',
        type: 'fill',
        source: 'countries',
        'source-layer': 'countries',
        paint: { 'fill-color': '#f5f2e9', 'fill-outline-color': '#8d8675' },
      },
      {
        id: 'data',
        type: 'circle',
        source: 'data',
        'source-layer': collection,
        paint: { 'circle-radius': 6, 'circle-color': '#b3261e' },
      },
    ],
  },
})
map.addControl(new NavigationControl())

map.on('click', 'data', ({ lngLat, features }) => {
  const text = JSON.stringify(features[0].properties, null, 1)
  const shown = document.createElement('pre')
  shown.textContent = text
  new Popup().setLngLat(lngLat).setDOMContent(shown).addTo(map)
})
// A wrong token, a limit reached, no server.
map.on('error', ({ error }) => {
  const problem = document.querySelector('#problem')
  problem.textContent = error.message
  problem.hidden = false
})
// For whoever tries the page from outside.
globalThis.map = map
