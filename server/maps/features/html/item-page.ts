import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Feature } from 'geojson'
import { html } from '../../../pages/html.ts'
import { definitions, linkButton, section } from '../../../pages/parts.ts'
import type { SeenCollection } from '../context.ts'
import { collectionPath, itemPath, type LinkQuery } from '../links.ts'
import { map } from './map.ts'
import { AS_JSON, hasDataLinks, hrefTo, sendMapsPage } from './maps-page.ts'
import { propertyCell } from './property-cell.ts'

/** One feature: where it is, and all that is known of it. */
export function sendItemPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { collection, schema }: SeenCollection,
  text: string,
): Promise<FastifyReply> {
  const query = request.query as LinkQuery
  const { id, geometry, properties } = JSON.parse(text) as Feature
  const path = collectionPath(collection.id)
  const own = itemPath(collection.id, String(id))
  const named = schema.find(({ search, name }) => search === 'name' || name === 'name')
  const name = named && properties?.[named.name]
  const title = typeof name === 'string' && name !== '' ? name : String(id)
  const asJson = hrefTo(query, own, AS_JSON)
  return sendMapsPage(request, reply, {
    title,
    trail: [
      ['Collections', '/collections'],
      [collection.title, path],
      ['Features', `${path}/items`],
      [title, own],
    ],
    map: true,
    body: html`${map(request, collection, { label: `Map of ${title}`, features: asJson })}
    ${section({
      id: 'properties',
      title: 'Properties',
      body: definitions([
        ['Id', html`<code>${String(id)}</code>`],
        ['Geometry', geometry.type],
        ...schema.map(
          (property) =>
            [property.title ?? property.name, propertyCell(properties?.[property.name])] as const,
        ),
        ['Source', collection.attribution],
      ]),
    })}
    ${
      hasDataLinks(request, collection) &&
      html`<div class="buttons">
        ${linkButton({ href: asJson, label: 'GeoJSON', id: 'geojson' })}
      </div>`
    }`,
  })
}
