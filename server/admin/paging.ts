import { type TSchema, Type } from 'typebox'
import { idParameter, nullable, strict } from './route-options.ts'

/** Lists go by keyset: a page says after which id it begins, so nothing is skipped or shown twice. */
export const pageLimit = Type.Integer({
  minimum: 1,
  maximum: 1_000,
  default: 100,
  description: 'Objects on a page, at most.',
})

export const pageQuery = {
  limit: Type.Optional(pageLimit),
  after: Type.Optional(idParameter),
}

export const pageSchema = <Schema extends TSchema>(item: Schema) =>
  strict({
    items: Type.Array(item),
    next: nullable(
      Type.String({ description: 'The URL of the next page; null: this is the last.' }),
    ),
  })

/**
 * @param found one more than `limit`, if there are so many: then there is a next page
 * @param url of the list
 * @param query the request's, and what continues after the page's last item
 */
export function toPage<Item, Wire>(
  found: readonly Item[],
  options: {
    limit: number
    url: string
    query: Record<string, unknown>
    next: (last: Item) => Record<string, string | number>
    toWire: (item: Item) => Wire
  },
): { items: Wire[]; next: string | null } {
  const { limit, url, query, next, toWire } = options
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const items = page.map(toWire)
  if (found.length <= limit || last === undefined) return { items, next: null }
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...query, limit, ...next(last) })) {
    parameters.set(name, String(value))
  }
  return { items, next: `${url}?${parameters.toString()}` }
}
