import { type Command, Option } from 'commander'
import {
  type Collection,
  type CollectionChanges,
  VISIBILITIES,
  type Visibility,
} from '../access/collections/collection.ts'
import { wholeScope } from '../access/scopes/whole-scope.ts'
import { openMapStore } from '../maps/store/open.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import { openImportJobs } from '../open-imports.ts'
import { collectionLines, dataOf, unknownCollection } from './collection-lines.ts'
import { collectionId, httpUrl } from './collection-options.ts'
import { unknownCustomer } from './customers.ts'
import { addCommand, addGroup, addPaging, page, text } from './define.ts'
import { table, time } from './output.ts'
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
  addCommand(
    collections,
    'show <id>',
    'Show a collection: what is in it, and the subscriptions to it.',
    ['mapgate collections show trees'],
  ).action(onData(show))
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
    'Delete a collection for good, with its data and the subscriptions to it; also data that is left of one that is not registered.',
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
    case 'created': {
      const { collection } = outcome
      await using store = await openMapStore(
        mapsLocation(session.settings, databaseLocation(session.settings)),
      )
      await store.dropLeftovers(id, collection.createdAt)
      output.show(collection, collectionLines(collection))
    }
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
  const data = await dataOf(session.settings, collection)
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
    { ...collection, ...data, subscriptions },
    [
      collectionLines(collection, data),
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

async function remove(session: Session, id: string): Promise<void> {
  const { access, settings, actor, output } = session
  const deleted = await access.collections.delete(actor, id)
  await using store = await openMapStore(mapsLocation(settings, databaseLocation(settings)))
  if (!deleted) {
    // An earlier deletion broke off before the data was gone, or the registry is an older backup.
    if (!(await store.leftovers(access.collections.all())).includes(id)) unknownCollection(id)
    await store.dropLeftovers(id, Date.now())
    output.show({ id, deleted: true }, `The data that was left of collection ${id} is deleted.`)
    return
  }
  await openImportJobs(access, settings).endOf(deleted)
  await store.drop(
    wholeScope(() => [deleted]),
    id,
  )
  output.show({ id, deleted: true }, `Collection ${id} is deleted, with its data.`)
}

function requireCollection({ access }: Session, id: string): Collection {
  return access.collections.known(id) ?? unknownCollection(id)
}
