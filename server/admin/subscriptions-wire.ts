import type { MultiPolygon, Polygon } from 'geojson'
import { type Static, Type } from 'typebox'
import { parseArea } from '../access/areas/parse-area.ts'
import { SUBSCRIPTION_ACTIONS, type Subscription } from '../access/subscriptions/subscription.ts'
import { badParameter } from '../protocol/problem.ts'
import { dateTime, idParameter, nullable, strict, toIso, toIsoOrNull } from './route-options.ts'

/** A subscription as the management API shows it and takes it. */
const area = Type.Object(
  { type: Type.Enum(['Polygon', 'MultiPolygon']), coordinates: Type.Array(Type.Unknown()) },
  {
    additionalProperties: true,
    description: 'GeoJSON (RFC 7946 §3.1.6), with at most 10,000 positions.',
  },
)

const described = {
  id: Type.String(),
  customerId: Type.String({ description: 'Who may.' }),
  collectionId: Type.String(),
  action: Type.Enum([...SUBSCRIPTION_ACTIONS], { description: '`write`: may also read.' }),
  areaId: nullable(Type.String({ description: 'null: the whole collection.' })),
  from: dateTime('When access begins.'),
  to: nullable(dateTime('When access is over; null: without end.')),
  createdAt: dateTime(),
}

/** In lists; areas are large. */
export const listedSubscription = strict(described)

export const subscriptionSchema = strict({ ...described, area: nullable(area) })

const changeable = {
  area: Type.Optional(nullable(area)),
  from: Type.Optional(dateTime('By default now. It bounds the access, not the data’s age.')),
  to: Type.Optional(nullable(dateTime('null: without end.'))),
}

export const newSubscription = strict({
  customerId: Type.String({ ...idParameter, description: 'Who may.' }),
  collectionId: Type.String({ ...idParameter, description: 'One of the caller’s customer.' }),
  action: Type.Optional(
    Type.Enum([...SUBSCRIPTION_ACTIONS], { description: 'By default `read`.' }),
  ),
  ...changeable,
})

export const subscriptionChanges = strict(changeable, { minProperties: 1 })

export const subscriptionParams = strict({ subscriptionId: idParameter })

export type NewSubscriptionBody = Static<typeof newSubscription>
export type SubscriptionChangesBody = Static<typeof subscriptionChanges>
export type SubscriptionParams = Static<typeof subscriptionParams>

/** @throws Problem 400 naming the member */
export function toTerms({ area, from, to }: SubscriptionChangesBody) {
  return {
    ...(area !== undefined && { area: area && toArea(area) }),
    ...(from !== undefined && { from: toTime('from', from) }),
    ...(to !== undefined && { to: to === null ? null : toTime('to', to) }),
  }
}

function toArea(value: unknown): Polygon | MultiPolygon {
  const parsed = parseArea(value)
  if (parsed.kind === 'refused') throw badParameter('area', `the area ${parsed.reason}`)
  return parsed.geometry
}

function toTime(member: string, text: string): number {
  const at = Date.parse(text)
  // A leap second passes the schema and is no time of JavaScript's.
  if (Number.isNaN(at)) throw badParameter(member, 'is not a time')
  return at
}

export const toListed = (subscription: Subscription) => ({
  ...subscription,
  from: toIso(subscription.from),
  to: toIsoOrNull(subscription.to),
  createdAt: toIso(subscription.createdAt),
})
