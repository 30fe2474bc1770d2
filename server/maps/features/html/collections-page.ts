import type { FastifyReply, FastifyRequest } from 'fastify'
import { html } from '../../../pages/html.ts'
import { badge, card, cards, emptyState } from '../../../pages/parts.ts'
import type { CollectionState } from '../../store/collection-state.ts'
import { collectionPath, type LinkQuery } from '../links.ts'
import { AS_JSON, AS_PAGE, hasDataLinks, hrefTo, sendMapsPage } from './maps-page.ts'

export function sendCollectionsPage(
  request: FastifyRequest,
  reply: FastifyReply,
  states: readonly CollectionState[],
): Promise<FastifyReply> {
  const query = request.query as LinkQuery
  const list = states.map(({ collection, featureCount }) =>
    card({
      title: collection.title,
      href: hrefTo(query, collectionPath(collection.id), AS_PAGE),
      badge: collection.visibility === 'open' && badge('good', 'Open'),
      body: html`<p>${collection.description}</p>
        <p>${aboutText(featureCount, collection.attribution)}</p>`,
    }),
  )
  return sendMapsPage(request, reply, {
    title: 'Collections',
    trail: [['Collections', '/collections']],
    body: html`${
      list.length > 0
        ? cards(list)
        : emptyState(
            request.caller
              ? 'This token may see no collection.'
              : 'No collection is open to all. With an access token there may be some.',
          )
    }
    ${hasDataLinks(request) && html`<p><a href="${hrefTo(query, '/collections', AS_JSON)}">As JSON</a></p>`}`,
  })
}

function aboutText(featureCount: number | null, attribution: string): string {
  const count = featureCount === null ? '' : countText(featureCount)
  return [count, attribution].filter(Boolean).join(' · ')
}

export function countText(count: number): string {
  return `${new Intl.NumberFormat('en-GB').format(count)} ${count === 1 ? 'feature' : 'features'}`
}
