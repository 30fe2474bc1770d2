/** A customer's right on a collection, within an area and a time. */
export interface Subscription {
  id: string
  /** Who may. */
  customerId: string
  collectionId: string
  action: SubscriptionAction
  /** The id of the stored area; null: the whole collection. */
  areaId: string | null
  /** Bounds the access, not when the data was captured. */
  from: number
  /** Not at this time any more; null: without end. */
  to: number | null
  createdAt: number
}

export const SUBSCRIPTION_ACTIONS = ['read', 'write'] as const

/** `write`: may also read. */
export type SubscriptionAction = (typeof SUBSCRIPTION_ACTIONS)[number]
