/** Map data under one id, of one owner: what it is called and who may see it. The data itself is in `maps/`. */
export interface Collection {
  /** `isCollectionId` */
  id: string
  /** null: the installation's own, such as the sample data; only operators manage and write it. */
  customerId: string | null
  visibility: Visibility
  title: string
  description: string
  attribution: string
  licence: Licence | null
  /** The collection that holds the parts of these features (docs/areas.md). */
  madeOf: string | null
  createdAt: number
  updatedAt: number
}

/** What can be said of a collection and changed later. */
export type CollectionChanges = Partial<
  Pick<Collection, 'visibility' | 'title' | 'description' | 'attribution' | 'licence' | 'madeOf'>
>

export interface Licence {
  name: string
  url: string
}

/** From all to few who may see. */
export const VISIBILITIES = ['open', 'public', 'subscription', 'private'] as const

/**
 * `open`: anybody, without a token; `public`: any token with `read`; `subscription`: the owner and
 * customers with a subscription; `private`: the owner.
 */
export type Visibility = (typeof VISIBILITIES)[number]

export const isCollectionId = (text: string): boolean =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)
