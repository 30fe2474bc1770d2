import type { FastifyInstance } from 'fastify'
import type { Feature, Point } from 'geojson'
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

/** `/v2/places`: cities, towns and villages, from the collection `places`. */
export function placeRoutes(app: FastifyInstance, data: MapData): void {
  const { store } = data

  app.get<{ Querystring: Static<typeof placesQuery> }>(
    '/v2/places',
    {
      config: { endpoint: 'mapiq.places', access: { scope: 'read' } },
      schema: {
        summary: 'List places',
        tags: ['Mapiq'],
        querystring: placesQuery,
        response: {
          200: Type.Object({
            places: Type.Array(place),
            nextPage: Type.Union([Type.String(), Type.Null()]),
            ...source,
          }),
          ...mapiqErrors,
        },
      },
    },
    async (request) => {
      const scope = await data.accessScope(request)
      const { features, nextPage } = await findPage(data, scope, PLACES, request.query)
      return {
        places: features.map(toPlace),
        nextPage,
        ...sourceOf(scope, PLACES),
      }
    },
  )

  app.get<{ Querystring: Static<typeof nearestQuery> }>(
    '/v2/places/nearest',
    {
      config: { endpoint: 'mapiq.nearestPlaces', access: { scope: 'read' } },
      schema: {
        summary: 'Find the places nearest to a position',
        tags: ['Mapiq'],
        querystring: nearestQuery,
        response: {
          200: Type.Object({
            places: Type.Array(
              Type.Object({ ...place.properties, distanceMeters: Type.Integer() }),
            ),
            ...source,
          }),
          ...mapiqErrors,
        },
      },
    },
    async (request) => {
      const { latitude, longitude, limit, radius } = request.query
      const scope = await data.accessScope(request)
      const found = await store.nearest(scope, PLACES, [longitude, latitude], limit, radius)
      return {
        places: present(found).map(({ feature, metres }) => ({
          ...toPlace(feature),
          distanceMeters: Math.round(metres),
        })),
        ...sourceOf(scope, PLACES),
      }
    },
  )

  app.get<{ Params: { placeId: string } }>(
    '/v2/places/:placeId',
    {
      config: { endpoint: 'mapiq.place', access: { scope: 'read' } },
      schema: {
        summary: 'Get one place',
        tags: ['Mapiq'],
        params: Type.Object({ placeId: idParameter }),
        response: {
          200: Type.Object({ ...place.properties, ...source }),
          ...mapiqErrors,
        },
      },
    },
    async (request) => {
      const scope = await data.accessScope(request)
      const { feature } = present(await store.item(scope, PLACES, request.params.placeId))
      return { ...toPlace(feature), ...sourceOf(scope, PLACES) }
    },
  )
}

const PLACES = 'places'

const placesQuery = Type.Object(
  { ...pageParameters, limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 20 }) },
  { additionalProperties: false },
)

const nearestQuery = Type.Object(
  {
    latitude: Type.Number({ minimum: -90, maximum: 90 }),
    longitude: Type.Number({ minimum: -180, maximum: 180 }),
    radius: Type.Optional(
      Type.Number({ minimum: 0, maximum: 21_000_000, description: 'In metres; absent: any.' }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 1 }),
  },
  { additionalProperties: false },
)

const place = Type.Object({
  id: Type.String(),
  name: Type.String(),
  countryCode: Type.String({ description: 'ISO 3166-1 alpha-2' }),
  region: Type.Union([Type.String(), Type.Null()]),
  district: Type.Union([Type.String(), Type.Null()]),
  latitude: Type.Number(),
  longitude: Type.Number(),
})

function toPlace(text: string): Static<typeof place> {
  const { id, geometry, properties } = JSON.parse(text) as Feature<Point, PlaceProperties>
  const [longitude, latitude] = geometry.coordinates as [number, number]
  return {
    id: String(id),
    name: properties.name,
    countryCode: properties.country,
    region: properties.admin1,
    district: properties.admin2,
    latitude,
    longitude,
  }
}

interface PlaceProperties {
  name: string
  country: string
  admin1: string | null
  admin2: string | null
}
