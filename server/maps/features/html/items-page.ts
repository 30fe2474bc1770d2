import type { FastifyReply, FastifyRequest } from 'fastify'
import { html, type HtmlValue } from '../../../pages/html.ts'
import { emptyState, linkButton, table } from '../../../pages/parts.ts'
import { idIn, propertiesIn } from '../../store/feature-text.ts'
import type { SeenCollection } from '../context.ts'
import { collectionPath, itemPath, type LinkQuery } from '../links.ts'
import { countText } from './collections-page.ts'
import { map } from './map.ts'
import { AS_PAGE, hasDataLinks, hrefTo, sendMapsPage } from './maps-page.ts'
import { propertyCell } from './property-cell.ts'

/** More rows nobody reads at once, and they are written while others wait. */
export const MAXIMUM_ROWS = 1_000

/** A page of features: on the map, and in a table that leads to each. */
export function sendItemsPage(
  request: FastifyRequest,
  reply: FastifyReply,
  options: {
    seen: SeenCollection
    features: readonly string[]
    /** How many there may be; no more than `MAXIMUM_ROWS`. */
    limit: number
    /** null: this was the last page. */
    nextQuery: LinkQuery | null
    numberMatched: number | undefined
  },
): Promise<FastifyReply> {
  const { seen, features, limit, nextQuery, numberMatched } = options
  const query = request.query as LinkQuery
  const { collection, schema } = seen
  const path = collectionPath(collection.id)
  const asJson = hrefTo(query, `${path}/items`, {
    ...query,
    ...(query['limit'] !== undefined && { limit }),
    f: 'json',
  })
  const href = (id: string) => hrefTo(query, itemPath(collection.id, id), AS_PAGE)
  return sendMapsPage(request, reply, {
    title: `Features of ${collection.title}`,
    trail: [
      ['Collections', '/collections'],
      [collection.title, path],
      ['Features', `${path}/items`],
    ],
    map: features.length > 0,
    body: html`<p class="lead">
        ${amount(features.length, numberMatched)}. ${collection.attribution}
      </p>
      ${
        features.length === 0
          ? emptyState('There is nothing here: no feature matches.')
          : html`${map(request, collection, {
              label: 'Map of the features on this page',
              features: asJson,
            })}
            ${table({
              caption: 'Features',
              columns: ['Id', ...schema.map(({ name, title }) => title ?? name)],
              rows: features.map((feature) => rowOf(feature, seen, href)),
            })}`
      }
      <div class="buttons">
        ${
          nextQuery &&
          linkButton({
            href: hrefTo(query, `${path}/items`, { ...nextQuery, f: 'html' }),
            label: 'Next page',
            kind: 'primary',
            id: 'next',
          })
        }
        ${
          query['after'] !== undefined &&
          linkButton({
            href: hrefTo(query, `${path}/items`, { ...query, after: undefined }),
            label: 'First page',
            id: 'first',
          })
        }
        ${hasDataLinks(request, collection) && linkButton({ href: asJson, label: 'This page as GeoJSON', id: 'geojson' })}
      </div>`,
  })
}

function rowOf(
  feature: string,
  { schema }: SeenCollection,
  href: (id: string) => string,
): HtmlValue[] {
  const id = idIn(feature)
  const properties = propertiesIn(feature)
  return [
    html`<a href="${href(id)}">${id}</a>`,
    ...schema.map(({ name }) => propertyCell(properties[name])),
  ]
}

function amount(shown: number, matched: number | undefined): string {
  if (matched === undefined || matched === shown) return countText(shown)
  return `${new Intl.NumberFormat('en-GB').format(shown)} of ${countText(matched)}`
}
