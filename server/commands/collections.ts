import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type Collection,
  type CollectionChanges,
  isCollectionId,
  VISIBILITIES,
  type Visibility,
} from '../access/collections/collection.ts'
import { wholeScope } from '../access/scopes/whole-scope.ts'
import { openMapStore } from '../maps/store/open.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import { unknownCustomer } from './customers.ts'
import { addCommand, addGroup, addPaging, page, text } from './define.ts'
import { lines, table, time } from './output.ts'
import { misused, onData, Refusal, type Session } from './run.ts'

/** `mapgate collections`: what map data there is, whose it is, and who may see it. */
export function addCollectionsCommand(program: Command): void {
  const collections = addGroup(
    program,
    'collections',
    'Manage collections of map data: whose they are and who may see them.',
  )
  addProperties(
    addCommand(
      collections,
      'create',
      'Create a collection without data. “mapgate import” creates one by itself.',
      [
        'mapgate collections create trees --customer lund --title "Street trees"',
        'mapgate collections create trees --customer lund --title "Street trees" --visibility subscription',
      ],
    )
      .argument('<id>', 'its id, a part of its URLs, up to 63 characters', collectionId)
      .option('--customer <id>', 'whose it is (default: the installation’s own)')
      .requiredOption('--title <text>', 'its title, up to 200 characters', text(200)),
  ).action(onData(create))
  addPaging(
    addCommand(collections, 'list', 'List collections, by id.', [
      'mapgate collections list --customer lund',
    ]).option('--customer <id>', 'only those of this customer'),
  ).action(onData(list))
  addCommand(collections, 'show <id>', 'Show a collection with the subscriptions to it.', [
    'mapgate collections show trees',
  ]).action(onData(show))
  addProperties(
    addCommand(
      collections,
      'change <id>',
      'Change what is said of a collection and who may see it. What is left out stays.',
      ['mapgate collections change trees --visibility public'],
    ).option('--title <text>', 'its title, up to 200 characters', text(200)),
  ).action(onData(change))
  addCommand(
    collections,
    'delete <id>',
    'Delete a collection for good, with its data and the subscriptions to it.',
    ['mapgate collections delete trees'],
  ).action(onData(remove))
}

interface Properties {
  title?: string
  visibility?: Visibility
  description?: string
  attribution?: string
  licence?: string
  licenceUrl?: string
  madeOf?: string
}

/** What can be said of a new collection and changed later. */
function addProperties(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--visibility <who>',
        'open: anybody; public: any token with read; subscription: the owner and subscribers; private: the owner (new collections: private)',
      ).choices(VISIBILITIES),
    )
    .option('--description <text>', 'what it holds, up to 2000 characters', text(2_000))
    .option('--attribution <text>', 'to be shown wherever the data is', text(2_000))
    .option('--licence <name>', 'its name; --licence-url says where it stands', text(200))
    .option('--licence-url <url>', 'where the licence stands', httpUrl)
    .option('--made-of <id>', 'the collection that holds the parts of these features', collectionId)
}

function collectionId(value: string): string {
  if (isCollectionId(value)) return value
  throw new InvalidArgumentError(
    'It must have 1 to 63 of the characters A-Z a-z 0-9 . _ - and begin with a letter or digit.',
  )
}

function httpUrl(value: string): string {
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value
  throw new InvalidArgumentError('It must be an http or https URL.')
}

function changesOf(session: Session, id: string | null, options: Properties): CollectionChanges {
  const { licence, licenceUrl, madeOf, title, visibility, description, attribution } = options
  if ((licence === undefined) !== (licenceUrl === undefined)) {
    misused('--licence and --licence-url go together')
  }
  if (madeOf !== undefined) {
    if (madeOf === id) misused('--made-of must be another collection')
    requireCollection(session, madeOf)
  }
  return {
    ...(title !== undefined && { title }),
    ...(visibility && { visibility }),
    ...(description !== undefined && { description }),
    ...(attribution !== undefined && { attribution }),
    ...(licence !== undefined && { licence: { name: licence, url: licenceUrl! } }),
    ...(madeOf !== undefined && { madeOf }),
  }
}

async function create(
  session: Session,
  id: string,
  options: Properties & { customer?: string; title: string },
): Promise<void> {
  const { access, actor, output } = session
  const outcome = await access.collections.create(actor, {
    ...changesOf(session, id, options),
    id,
    customerId: options.customer ?? null,
    title: options.title,
  })
  switch (outcome.kind) {
    case 'unknown-customer':
      return unknownCustomer(options.customer!)
    case 'exists':
      throw new Refusal('exists', `There is already a collection “${id}”.`)
    case 'too-many':
      throw new Refusal('too-many', 'There are too many collections: delete some first.')
    case 'created':
      output.show(outcome.collection, collectionLines(outcome.collection))
  }
}

async function list(
  { access, output }: Session,
  { customer, limit, after = '' }: { customer?: string; limit: number; after?: string },
): Promise<void> {
  if (customer !== undefined && !(await access.customers.find(customer))) unknownCustomer(customer)
  const found = access.collections
    .all()
    .filter(({ id, ...of }) => id > after && (!customer || of.customerId === customer))
  const { shown, next } = page(found.slice(0, limit + 1), limit)
  const rows = shown.map((collection) => [
    collection.id,
    collection.title,
    collection.customerId ?? '-',
    collection.visibility,
    time(collection.createdAt),
  ])
  output.show(
    { collections: shown, next },
    rows.length > 0
      ? table(['ID', 'TITLE', 'CUSTOMER', 'VISIBILITY', 'CREATED'], rows)
      : 'No collections. “mapgate import” makes one.',
  )
  if (next !== null) output.note(`More follow: --after ${next}`)
}

async function show(session: Session, id: string): Promise<void> {
  const { access, output } = session
  const collection = requireCollection(session, id)
  const subscriptions = await access.subscriptions.list({
    collectionId: id,
    after: null,
    limit: 1_000,
  })
  const rows = subscriptions.map(({ customerId, action, areaId, from, to }) => [
    customerId,
    action,
    areaId === null ? 'all' : 'an area',
    time(from),
    time(to),
  ])
  output.show(
    { ...collection, subscriptions },
    [
      collectionLines(collection),
      rows.length > 0
        ? `Subscriptions:\n${table(['CUSTOMER', 'ACTION', 'OF', 'FROM', 'TO'], rows)}`
        : 'Subscriptions: none.',
    ].join('\n\n'),
  )
}

async function change(session: Session, id: string, options: Properties): Promise<void> {
  const { access, actor, output } = session
  const changes = changesOf(session, id, options)
  if (Object.keys(changes).length === 0) misused('nothing to change: give at least one option')
  const collection = (await access.collections.change(actor, id, changes)) ?? unknownCollection(id)
  output.show(collection, collectionLines(collection))
}

async function remove({ access, settings, actor, output }: Session, id: string): Promise<void> {
  const deleted = (await access.collections.delete(actor, id)) ?? unknownCollection(id)
  await using store = await openMapStore(mapsLocation(settings, databaseLocation(settings)))
  await store.drop(
    wholeScope(() => [deleted]),
    id,
  )
  output.show({ id, deleted: true }, `Collection ${id} is deleted, with its data.`)
}

function requireCollection({ access }: Session, id: string): Collection {
  return access.collections.known(id) ?? unknownCollection(id)
}

export function unknownCollection(id: string): never {
  throw new Refusal(
    'unknown-collection',
    `There is no collection “${id}” (mapgate collections list shows them).`,
  )
}

const collectionLines = (collection: Collection) =>
  lines({
    id: collection.id,
    title: collection.title,
    ...(collection.description !== '' && { description: collection.description }),
    customer: collection.customerId ?? 'the installation',
    visibility: collection.visibility,
    ...(collection.attribution !== '' && { attribution: collection.attribution }),
    ...(collection.licence && {
      licence: `${collection.licence.name}, ${collection.licence.url}`,
    }),
    ...(collection.madeOf !== null && { 'made of': collection.madeOf }),
    created: time(collection.createdAt),
    changed: time(collection.updatedAt),
  })
