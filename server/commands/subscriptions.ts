import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  SUBSCRIPTION_ACTIONS,
  type Subscription,
  type SubscriptionAction,
} from '../access/subscriptions/subscription.ts'
import type { SubscriptionChanges } from '../access/subscriptions/subscriptions.ts'
import { parseMoment } from '../lib/durations.ts'
import { systemClock } from '../lib/clock.ts'
import { type AreaFile, areaFile } from './client-areas.ts'
import { unknownCollection } from './collection-lines.ts'
import { unknownCustomer } from './customers.ts'
import { addCommand, addGroup, addPaging, page } from './define.ts'
import { lines, table, time } from './output.ts'
import { misused, onData, Refusal, type Session } from './run.ts'

/** `mapgate subscriptions`: what customers may do on the collections of others. */
export function addSubscriptionsCommand(program: Command): void {
  const subscriptions = addGroup(
    program,
    'subscriptions',
    'Manage subscriptions: what customers may see of the collections of others.',
  )
  addTerms(
    addCommand(
      subscriptions,
      'create',
      'Let a customer read a collection of another one, or write to it. There is one for each customer, collection and action.',
      [
        'mapgate subscriptions create --customer malmo --collection trees',
        'mapgate subscriptions create --customer malmo --collection trees --area malmo.geojson --to 2027-12-31',
      ],
    )
      .requiredOption('--customer <id>', 'who may')
      .requiredOption('--collection <id>', 'what of')
      .addOption(
        new Option('--action <action>', 'write: may also read')
          .choices(SUBSCRIPTION_ACTIONS)
          .default('read'),
      ),
  ).action(onData(create))
  addPaging(
    addCommand(
      subscriptions,
      'list',
      'List subscriptions, the oldest first, with those to come and those that are over.',
      ['mapgate subscriptions list --collection trees'],
    )
      .option('--customer <id>', 'only those that this customer has')
      .option('--collection <id>', 'only those to this collection'),
  ).action(onData(list))
  addTerms(
    addCommand(
      subscriptions,
      'change <id>',
      'Change the area or the time of a subscription. What is left out stays. It counts within a second.',
      [
        'mapgate subscriptions change 019a… --area malmo-centre.geojson',
        'mapgate subscriptions change 019a… --to never',
      ],
    ),
  ).action(onData(change))
  addCommand(
    subscriptions,
    'end <id>',
    'End a subscription, for the owner of the collection or for the customer that has it. Within a second, nothing of the collection is seen by it.',
    ['mapgate subscriptions end 019a…'],
  ).action(onData(end))
}

interface Terms {
  area?: AreaFile[]
  from?: number
  to?: number | 'never'
}

function addTerms(command: Command): Command {
  return command
    .option(
      '--area <file>',
      'a GeoJSON file: only what touches the area; "" for the whole collection',
      (path: string) => areaFile(path),
    )
    .option('--from <time>', 'when access begins: a day or a time (default: now)', comingMoment)
    .option('--to <time>', 'when access is over: a day or a time, or never', (value: string) =>
      value === 'never' ? value : comingMoment(value),
    )
}

/** The beginning of a day in UTC, or a time; unlike for what has been, durations mean nothing. */
function comingMoment(value: string): number {
  const at = /^\d{4}-/.test(value) ? parseMoment(value, systemClock.now()) : null
  if (at !== null) return at
  throw new InvalidArgumentError(
    'It must be a day (2026-11-21, its beginning in UTC) or a time (2026-11-21T18:30:00Z).',
  )
}

const changesOf = ({ area, from, to }: Terms): SubscriptionChanges => ({
  ...(area && { area: area[0]?.geometry ?? null }),
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to: to === 'never' ? null : to }),
})

async function create(
  { access, actor, output }: Session,
  options: Terms & { customer: string; collection: string; action: SubscriptionAction },
): Promise<void> {
  const { customer: customerId, collection: collectionId, action } = options
  const outcome = await access.subscriptions.create(actor, {
    customerId,
    collectionId,
    action,
    ...changesOf(options),
  })
  switch (outcome.kind) {
    case 'created':
      output.show(outcome.subscription, subscriptionLines(outcome.subscription))
      return
    case 'exists':
      throw new Refusal(
        'exists',
        `Customer ${customerId} may ${action} ${collectionId} already (mapgate subscriptions change).`,
      )
    case 'own':
      throw new Refusal('own', `Collection ${collectionId} is customer ${customerId}’s own.`)
    case 'unknown-customer':
      return unknownCustomer(customerId)
    case 'unknown-collection':
      return unknownCollection(collectionId)
    case 'bad-time':
    case 'too-many':
    case 'too-large':
      refuse(outcome.kind)
  }
}

async function list(
  { access, output }: Session,
  options: { customer?: string; collection?: string; limit: number; after?: string },
): Promise<void> {
  const { customer, collection, limit, after = null } = options
  if (customer !== undefined && !(await access.customers.find(customer))) unknownCustomer(customer)
  if (collection !== undefined && !access.collections.known(collection)) {
    unknownCollection(collection)
  }
  const found = await access.subscriptions.list({
    customerId: customer,
    collectionId: collection,
    after,
    limit: limit + 1,
  })
  const { shown, next } = page(found, limit)
  const rows = shown.map((subscription) => [
    subscription.id,
    subscription.customerId,
    subscription.collectionId,
    subscription.action,
    subscription.areaId === null ? 'all' : 'an area',
    time(subscription.from),
    time(subscription.to),
  ])
  output.show(
    { subscriptions: shown, next },
    rows.length > 0
      ? table(['ID', 'CUSTOMER', 'COLLECTION', 'ACTION', 'OF', 'FROM', 'TO'], rows)
      : 'No subscriptions. “mapgate subscriptions create --customer <id> --collection <id>” makes one.',
  )
  if (next !== null) output.note(`More follow: --after ${next}`)
}

async function change({ access, actor, output }: Session, id: string, terms: Terms): Promise<void> {
  const changes = changesOf(terms)
  if (Object.keys(changes).length === 0) misused('nothing to change: give at least one option')
  const outcome = await access.subscriptions.change(actor, id, changes)
  if (outcome.kind === 'unknown') unknownSubscription(id)
  else if (outcome.kind !== 'changed') refuse(outcome.kind)
  else output.show(outcome.subscription, subscriptionLines(outcome.subscription))
}

async function end({ access, actor, output }: Session, id: string): Promise<void> {
  const ended = (await access.subscriptions.end(actor, id)) ?? unknownSubscription(id)
  output.show(
    { id, ended: true },
    `Customer ${ended.customerId} may not ${ended.action} ${ended.collectionId} any more.`,
  )
}

function unknownSubscription(id: string): never {
  throw new Refusal(
    'unknown-subscription',
    `There is no subscription “${id}” (mapgate subscriptions list shows them).`,
  )
}

function refuse(kind: 'bad-time' | 'too-many' | 'too-large'): never {
  switch (kind) {
    case 'bad-time':
      return misused('--to must be after --from')
    case 'too-many':
      throw new Refusal('too-many', 'There are too many subscriptions: end some first.')
    case 'too-large':
      throw new Refusal(
        'too-large',
        'The areas of all subscriptions of the customer would be too large together.',
      )
  }
}

const subscriptionLines = (subscription: Subscription) =>
  lines({
    id: subscription.id,
    customer: subscription.customerId,
    collection: subscription.collectionId,
    action: subscription.action,
    area: subscription.areaId ?? 'the whole collection',
    from: time(subscription.from),
    to: time(subscription.to, 'never'),
    created: time(subscription.createdAt),
  })
