import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Collection, isCollectionId, VISIBILITIES } from '../access/collections/collection.ts'
import { wholeScope } from '../access/scopes/whole-scope.ts'
import { fileSource } from '../maps/import/file-source.ts'
import type { ImportOptions } from '../maps/import/import-options.ts'
import { formatOfName, IMPORT_FORMATS, type ImportFormat } from '../maps/import/readers/formats.ts'
import { IMDF_TYPES, type ImdfType, openImdf } from '../maps/import/readers/imdf.ts'
import { type Source, UnreadableError } from '../maps/import/readers/reading.ts'
import { recordImport } from '../maps/import/record-import.ts'
import { type ImportOutcome, runImport } from '../maps/import/run-import.ts'
import { openMapStore } from '../maps/store/open.ts'
import type { MapStore } from '../maps/store/map-store.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import { addCommand, text, words } from './define.ts'
import { collectionId, httpUrl } from './collection-options.ts'
import { type NewCollectionOptions, prepareCollection } from './import-collection.ts'
import { createImportProgress, type ImportProgressLine } from './import-progress.ts'
import { printable } from './output.ts'
import { misused, onData, Refusal, type Session } from './run.ts'

/** `mapgate import`: a file becomes the data of a collection. */
export function addImportCommand(program: Command): void {
  addCommand(
    program,
    'import <file>',
    'Import a file into a collection, in the place of its data. The collection is created when there is none. Who reads it sees the old data until the new is whole.',
    [
      'mapgate import parks.geojson --collection parks --customer lund',
      'mapgate import stops.csv --collection stops --customer lund --id-property stop_id --visibility public',
      'mapgate import venue.zip --collection station --customer lund',
    ],
  )
    .requiredOption(
      '--collection <id>',
      'into which; of an IMDF archive, each type into one of its own: <id>-unit, <id>-level ...',
      collectionId,
    )
    .option('--customer <id>', 'whose a new collection is')
    .option('--title <text>', 'of a new collection (default: its id)', text(200))
    .option('--description <text>', 'of a new collection', text(2_000))
    .option('--attribution <text>', 'to be shown wherever the data is', text(500))
    .option('--licence <name>', 'under which a new collection may be used', text(200))
    .option('--licence-url <url>', 'where that licence is told', httpUrl)
    .addOption(
      new Option('--visibility <who>', 'who may see a new collection (default: private)').choices(
        VISIBILITIES,
      ),
    )
    .addOption(
      new Option('--format <format>', 'of the file (default: by its name)').choices(IMPORT_FORMATS),
    )
    .addOption(
      new Option(
        '--type <type>',
        'only these features of an IMDF archive, into the collection itself',
      ).choices(IMDF_TYPES),
    )
    .option('--id-property <name>', 'the property that holds your own ids', text(200))
    .option(
      '--lon <column>',
      'of CSV: the longitude (default: lon, lng, longitude, x ...)',
      text(200),
    )
    .option('--lat <column>', 'of CSV: the latitude (default: lat, latitude, y)', text(200))
    .option('--delimiter <character>', 'of CSV (default: what the header has most of)', delimiter)
    .option('--search <names>', 'properties to be found by search, beside name; repeatable', words)
    .option('--start <name>', 'the property since when a feature is there', text(200))
    .option('--end <name>', 'the property until when a feature is there', text(200))
    .option('--instant <name>', 'the property at what time a feature was there', text(200))
    .option('--merge', 'keep features that are not in the file')
    .option('--strict', 'end at the first record that cannot be taken')
    .action(onData(run))
}

interface Options extends NewCollectionOptions {
  collection: string
  format?: ImportFormat
  type?: ImdfType
  idProperty?: string
  lon?: string
  lat?: string
  delimiter?: string
  search?: string[]
  start?: string
  end?: string
  instant?: string
  merge?: true
  strict?: true
}

/** What became of one collection. */
type Imported = { collection: string; created: boolean } & Omit<Done, 'kind'>

type Done = Extract<ImportOutcome, { kind: 'done' }>

async function run(session: Session, file: string, options: Options): Promise<void> {
  const { settings, output } = session
  const format = options.format ?? formatOfName(file)
  if (!format) misused('the name of the file does not tell its format: give --format')
  if (options.type && format !== 'imdf') misused('--type is for IMDF archives')
  if ((options.licence === undefined) !== (options.licenceUrl === undefined)) {
    misused('--licence and --licence-url go together')
  }
  const progress = createImportProgress(output.json)
  const source = await openFile(file, progress)
  await using store = await openMapStore(mapsLocation(settings, databaseLocation(settings)))
  const done: Imported[] = []
  const failed: { collection: string; reason: string }[] = []
  const parts = await partsOf(source, format, options)
  for (const part of parts) {
    try {
      progress.begin(part.collectionId, source.size ?? 0)
      const { created, ignored } = await prepareCollection(session, part.collectionId, options)
      if (ignored.length > 0) {
        output.note(
          `${part.collectionId} is there already: ${ignored.join(', ')} changed nothing (“mapgate collections change” does).`,
        )
      }
      const { kind: _kind, ...counts } = await importPart(
        { session, store, source, progress, created },
        part,
      )
      done.push({ collection: part.collectionId, created: created !== null, ...counts })
    } catch (error) {
      if (!(error instanceof Refusal) || parts.length === 1) throw error
      failed.push({ collection: part.collectionId, reason: error.message })
      if (error.code === CANCELLED) break
    }
  }
  output.show(
    { imports: done, ...(failed.length > 0 && { failed }) },
    [...done.map(summary), ...failed.map(({ reason }) => reason)].join('\n'),
  )
  if (failed.length > 0) {
    throw new Refusal('import', `Only ${done.length} of ${parts.length} types were imported.`)
  }
}

/** The code of an import that was broken off: those behind it are not begun. */
const CANCELLED = 'cancelled'

interface Part {
  collectionId: string
  options: ImportOptions
}

/** What is imported into which collection: of an IMDF archive, each type for itself. */
async function partsOf(source: Source, format: ImportFormat, options: Options): Promise<Part[]> {
  const { collection, lon, lat, type, idProperty, delimiter, search, start, end, instant } = options
  const shared: ImportOptions = {
    format,
    ...(idProperty !== undefined && { idProperty }),
    ...(lon !== undefined && { longitude: lon }),
    ...(lat !== undefined && { latitude: lat }),
    ...(delimiter !== undefined && { delimiter }),
    ...(search !== undefined && { search }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(instant !== undefined && { instant }),
    ...(type !== undefined && { type }),
    ...(options.merge && { merge: true }),
    ...(options.strict && { strict: true }),
  }
  if (format !== 'imdf' || type) return [{ collectionId: collection, options: shared }]
  const { types } = await openImdf(source).catch((error: unknown) => {
    if (error instanceof UnreadableError) throw new Refusal('unreadable', error.message)
    throw error
  })
  return types.map((each) => {
    const id = `${collection}-${each}`
    if (!isCollectionId(id)) misused(`--collection is too long: ${id} is no id of a collection`)
    return { collectionId: id, options: { ...shared, type: each } }
  })
}

/** One collection's import; Ctrl-C ends it and leaves the old data. */
async function importPart(
  { session, store, source, progress, created }: Tools,
  { collectionId, options }: Part,
): Promise<Done> {
  const { access, actor, output } = session
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  let outcome: ImportOutcome
  try {
    outcome = await runImport({
      store,
      scope: wholeScope(() => access.collections.all()),
      collectionId,
      source,
      options,
      onProgress: progress.show,
      signal: interrupted.signal,
    })
  } catch (error) {
    await undoCreation()
    throw error
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    progress.end()
  }
  for (const { line, record, reason } of outcome.errors) {
    output.note(printable(`${line > 0 ? `line ${line}, ` : ''}record ${record}: ${reason}`))
  }
  const untold = outcome.faults - outcome.errors.length
  if (untold > 0) output.note(`... and ${untold} more records that cannot be taken`)
  if (outcome.kind !== 'done') {
    const isUndone = await undoCreation()
    const left = isUndone ? 'It was not created.' : created ? STILL_THERE : 'Its data is as it was.'
    const failed = `The import into ${collectionId} failed: ${printable(reasonOf(outcome))}.`
    throw new Refusal(
      interrupted.signal.aborted ? CANCELLED : 'import',
      outcome.kind === 'gone' ? failed : `${failed} ${left}`,
    )
  }
  await recordImport(access, actor, collectionId, outcome)
  return outcome

  /** What was created for data that does not come would be found empty. */
  async function undoCreation(): Promise<boolean> {
    if (!created) return false
    return access.collections.delete(actor, collectionId, created.createdAt).then(
      () => true,
      // Why the import failed is what counts.
      () => false,
    )
  }
}

const STILL_THERE =
  'The collection, which was created for it, could not be removed: “mapgate collections delete” does.'

interface Tools {
  session: Session
  store: MapStore
  source: Source
  progress: ImportProgressLine
  /** The collection, if it was created for this. */
  created: Collection | null
}

function reasonOf(outcome: Exclude<ImportOutcome, { kind: 'done' }>): string {
  if (outcome.kind === 'busy') return 'another import of it is under way'
  if (outcome.kind === 'gone') return 'the collection was deleted meanwhile'
  const { line, reason } = outcome
  return line === undefined || line === 0 ? reason : `line ${line}: ${reason}`
}

function summary({ collection, created, features, featureCount, faults }: Imported): string {
  const left = faults > 0 ? `; ${counted(faults, 'record')} left out` : ''
  const more = featureCount > features ? `, which now has ${featureCount}` : ''
  return `Imported ${counted(features, 'feature')} into ${created ? 'the new collection ' : ''}${collection}${more}${left}.`
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

async function openFile(file: string, progress: ImportProgressLine): Promise<Source> {
  try {
    return await fileSource(file, progress.read)
  } catch (error) {
    throw new Refusal('unreadable', `${file} cannot be read: ${(error as Error).message}`)
  }
}

function delimiter(value: string): string {
  const character = value === 'tab' || value === '\\t' ? '\t' : value
  if (/^[^"\r\n\p{L}\p{N}]$/u.test(character)) return character
  throw new InvalidArgumentError('It must be one character, such as ; or tab.')
}
