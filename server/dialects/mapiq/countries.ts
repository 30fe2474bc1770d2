import type { FastifyInstance } from 'fastify'
import type { Feature, MultiPolygon } from 'geojson'
import { type Static, Type } from 'typebox'
import { mapiqErrors } from './errors.ts'
import {
  findPage,
  idParameter,
  type MapData,
  pageParameters,
  present,
  source,
  sourceOf,
} from './wire.ts'

/** `/v2/countries`: from the collection `countries`; a list leaves the outlines out. */
export function countryRoutes(app: FastifyInstance, data: MapData): void {
  const { store } = data

  app.get<{ Querystring: Static<typeof countriesQuery> }>(
    '/v2/countries',
    {
      config: { endpoint: 'mapiq.countries', access: { scope: 'read' } },
      schema: {
        summary: 'List countries',
        tags: ['Mapiq'],
        querystring: countriesQuery,
        response: {
          200: Type.Object({
            countries: Type.Array(country),
            nextPage: Type.Union([Type.String(), Type.Null()]),
            ...source,
          }),
          ...mapiqErrors,
        },
      },
    },
    async (request) => {
      const scope = await data.accessScope(request)
      const { features, nextPage } = await findPage(data, scope, COUNTRIES, request.query)
      return {
        countries: features.map((text) => {
          const { id, name } = toCountry(text)
          return { id, name }
        }),
        nextPage,
        ...sourceOf(scope, COUNTRIES),
      }
    },
  )

  app.get<{ Params: { countryId: string } }>(
    '/v2/countries/:countryId',
    {
      config: { endpoint: 'mapiq.country', access: { scope: 'read' } },
      schema: {
        summary: 'Get one country with its outline',
        tags: ['Mapiq'],
        params: Type.Object({ countryId: idParameter }),
        response: {
          200: Type.Object({ ...country.properties, geometry, ...source }),
          ...mapiqErrors,
        },
      },
    },
    async (request) => {
      const scope = await data.accessScope(request)
      const { feature } = present(await store.item(scope, COUNTRIES, request.params.countryId))
      return { ...toCountry(feature), ...sourceOf(scope, COUNTRIES) }
    },
  )
}

const COUNTRIES = 'countries'

const countriesQuery = Type.Object(
  // Outlines are read, if not answered: a hundred of them weigh as much as many thousand places.
  { ...pageParameters, limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }) },
  { additionalProperties: false },
)

const country = Type.Object({
  id: Type.String({ description: 'ISO 3166-1 numeric, where there is one.' }),
  name: Type.String(),
})

const geometry = Type.Object(
  { type: Type.String(), coordinates: Type.Array(Type.Unknown()) },
  { description: 'GeoJSON' },
)

function toCountry(text: string) {
  const feature = JSON.parse(text) as Feature<MultiPolygon, { name: string }>
  return { id: String(feature.id), name: feature.properties.name, geometry: feature.geometry }
}
