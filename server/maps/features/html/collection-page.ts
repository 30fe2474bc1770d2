import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Html, html } from '../../../pages/html.ts'
import {
  definitions,
  emptyState,
  linkButton,
  section,
  table,
  timeElement,
} from '../../../pages/parts.ts'
import type { CollectionState } from '../../store/collection-state.ts'
import { collectionPath, type LinkQuery } from '../links.ts'
import { countText } from './collections-page.ts'
import { map } from './map.ts'
import { AS_JSON, AS_PAGE, hasDataLinks, hrefTo, sendMapsPage } from './maps-page.ts'

/** A collection: its map, drawn of its tiles, what it is, and what its features have. */
export function sendCollectionPage(
  request: FastifyRequest,
  reply: FastifyReply,
  state: CollectionState,
): Promise<FastifyReply> {
  const query = request.query as LinkQuery
  const { collection, schema, extent } = state
  const hasData = hasDataLinks(request, collection)
  const path = collectionPath(collection.id)
  const items = `${path}/items`
  return sendMapsPage(request, reply, {
    title: collection.title,
    trail: [
      ['Collections', '/collections'],
      [collection.title, path],
    ],
    map: extent !== null,
    body: html`${collection.description !== '' && html`<p class="lead">${collection.description}</p>`}
      ${
        extent &&
        map(request, collection, {
          label: `Map of ${collection.title}`,
          tiles: hrefTo(query, `/tiles/${encodeURIComponent(collection.id)}/tilejson.json`),
          box: extent,
        })
      }
      <div class="buttons">
        ${linkButton({
          href: hrefTo(query, items, AS_PAGE),
          label: 'Browse the features',
          kind: 'primary',
          id: 'browse',
        })}
        ${
          hasData &&
          linkButton({ href: hrefTo(query, items, AS_JSON), label: 'GeoJSON', id: 'geojson' })
        }
      </div>
      ${section({ id: 'about', title: 'About', body: about(query, state, hasData) })}
      ${section({
        id: 'properties',
        title: 'Properties',
        body:
          schema.length === 0
            ? emptyState('Its features have no properties.')
            : table({
                caption: 'Properties',
                columns: ['Name', 'Type', 'What it is'],
                rows: schema.map((property) => [
                  html`<code>${property.name}</code>`,
                  property.format ?? (property.type === 'object' ? 'JSON' : property.type),
                  [property.title, property.description].filter(Boolean).join(': '),
                ]),
              }),
      })}`,
  })
}

function about(
  query: LinkQuery,
  { collection, featureCount, extent, interval }: CollectionState,
  hasData: boolean,
): Html {
  const { licence } = collection
  const path = collectionPath(collection.id)
  return definitions([
    ['Id', html`<code>${collection.id}</code>`],
    featureCount === null ? null : ['Features', countText(featureCount)],
    ['Source', collection.attribution],
    licence && ['Licence', html`<a href="${licence.url}">${licence.name}</a>`],
    extent && [
      'Extent',
      `${degrees(extent.west)}, ${degrees(extent.south)} to ${degrees(extent.east)}, ${degrees(extent.north)}`,
    ],
    interval && [
      'Time',
      html`${interval[0] === null ? 'open' : timeElement(interval[0])} to
      ${interval[1] === null ? 'open' : timeElement(interval[1])}`,
    ],
    hasData
      ? [
          'As data',
          html`<a href="${hrefTo(query, path, AS_JSON)}">JSON</a>,
            <a href="${hrefTo(query, `${path}/schema`)}">schema</a>,
            <a href="${hrefTo(query, `${path}/queryables`)}">filters</a>,
            <a href="${hrefTo(query, `/tiles/${encodeURIComponent(collection.id)}/tilejson.json`)}"
              >tiles</a
            >`,
        ]
      : null,
  ])
}

const degrees = (value: number) => `${Math.round(value * 1e5) / 1e5}°`
