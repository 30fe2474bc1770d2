import type { MultiPolygon, Position } from 'geojson'
import { feature as toGeoJson } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import { cutAtAntimeridian } from '../../geo/antimeridian.ts'
import { faultOfRings } from '../../geo/simple-rings.ts'
import type { SampleCollection, SampleFeature } from './sample-collection.ts'

/** The sample's polygons: countries of Natural Earth, counties of the US Census Bureau, both from TopoJSON. */

export const countries: SampleCollection = {
  collection: {
    id: 'countries',
    customerId: null,
    visibility: 'open',
    title: 'Countries',
    description: 'The countries of the world at 1:50 million.',
    attribution: 'Made with Natural Earth, https://www.naturalearthdata.com',
    licence: {
      name: 'Public domain',
      url: 'https://www.naturalearthdata.com/about/terms-of-use/',
    },
    madeOf: null,
  },
  definition: {
    schema: [{ name: 'name', type: 'string', title: 'Name', search: 'name' }],
    dimension: 2,
  },
  async load() {
    const { default: atlas } = await import('world-atlas/countries-50m.json', {
      with: { type: 'json' },
    })
    const topology = atlas as unknown as Topology<{ countries: Named }>
    const taken = new Set<string>()
    const shapes = await shapesOf(topology, topology.objects.countries)
    const features = shapes.map(({ code, name, geometry }) => {
      // By their ISO 3166-1 numeric codes; what has none, or shares one, goes by its name.
      const id = code === undefined || taken.has(code) ? slug(name) : code
      taken.add(id)
      return { id, geometry, properties: { name } }
    })
    return { total: features.length, features }
  },
}

export const counties: SampleCollection = {
  collection: {
    id: 'counties',
    customerId: 'atlas',
    visibility: 'subscription',
    title: 'Counties',
    description: 'The counties of the United States at 1:10 million, by their FIPS codes.',
    attribution: 'US Census Bureau',
    licence: {
      name: 'Public domain',
      url: 'https://www.census.gov/about/policies/open-gov/open-data.html',
    },
    madeOf: null,
  },
  definition: {
    schema: [
      { name: 'name', type: 'string', title: 'Name', search: 'name' },
      { name: 'state', type: 'string', title: 'State or territory', search: 'text' },
    ],
    dimension: 2,
  },
  async load() {
    const { default: atlas } = await import('us-atlas/counties-10m.json', {
      with: { type: 'json' },
    })
    const topology = atlas as unknown as Topology<{ counties: Named; states: Named }>
    const states = new Map(
      topology.objects.states.geometries.map(({ id, properties }) => [
        String(id),
        (properties as { name: string }).name,
      ]),
    )
    const shapes = await shapesOf(topology, topology.objects.counties)
    const features = shapes.map(({ code, name, geometry }): SampleFeature => ({
      id: code!,
      geometry,
      properties: { name, state: states.get(code!.slice(0, 2)) ?? null },
    }))
    return { total: features.length, features }
  },
}

type Named = GeometryCollection<{ name: string }>

interface Shape {
  code: string | undefined
  name: string
  geometry: MultiPolygon
}

/** Those that are polygons, within -180 to 180, rounded; rings that cross themselves are put right. */
async function shapesOf(topology: Topology, shapes: Named): Promise<Shape[]> {
  const { union } = await import('polyclip-ts')
  return toGeoJson(topology, shapes).features.flatMap(({ id, geometry, properties }): Shape[] => {
    if (geometry.type !== 'Polygon' && geometry.type !== 'MultiPolygon') return []
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
    const parts = polygons.flatMap(cutAtAntimeridian).map((rings) => rings.map(rounded))
    const coordinates =
      faultOfRings(parts.flat()) === null
        ? parts
        : union(parts as Parameters<typeof union>[0]).map((rings) => rings.map(rounded))
    // Of Falls Church, Virginia, the source has left nothing.
    if (coordinates.length === 0) return []
    const code = id === undefined ? undefined : String(id)
    return [{ code, name: properties.name, geometry: { type: 'MultiPolygon', coordinates } }]
  })
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}

/**
 * To a metre: the sources are not more exact, and the text is half as long. Positions that become the
 * same are said once.
 */
function rounded(ring: Position[]): Position[] {
  const metre = (value: number) => Math.round(value * 1e5) / 1e5
  return ring
    .map((position): Position => position.map(metre))
    .filter(([x, y], index, all) => {
      const before = all[index - 1]
      return before === undefined || before[0] !== x || before[1] !== y
    })
}
