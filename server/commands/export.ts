import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { wholeScope } from '../access/scopes/whole-scope.ts'
import { ExportBrokenError, exportCollection } from '../maps/export/export-collection.ts'
import { EXPORT_FORMATS, type ExportFormat } from '../maps/export/formats.ts'
import { openMapStore } from '../maps/store/open.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import { unknownCollection } from './collection-lines.ts'
import { addCommand, text } from './define.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate export`: the data of a collection, back out. */
export function addExportCommand(program: Command): void {
  addCommand(
    program,
    'export',
    'Write the features of a collection to a file or to the standard output.',
    [
      'mapgate export --collection parks --output parks.geojson',
      'mapgate export --collection parks --format csv > parks.csv',
    ],
  )
    .requiredOption('--collection <id>', 'which collection', text(63))
    .addOption(
      new Option('--format <format>', 'what to write').choices(EXPORT_FORMATS).default('geojson'),
    )
    .option('--output <file>', 'where to (default: the standard output)')
    .action(onData(run))
}

async function run(
  { access, settings, output }: Session,
  options: { collection: string; format: ExportFormat; output?: string },
): Promise<void> {
  const { collection: collectionId, format, output: file } = options
  await using store = await openMapStore(mapsLocation(settings, databaseLocation(settings)))
  const scope = wholeScope(() => access.collections.all())
  const text = await exportCollection({
    store,
    scope: () => scope,
    collectionId,
    format,
  })
  if (!text) return unknownCollection(collectionId)
  const source = Readable.from(text, { objectMode: false })
  const broken = (error: unknown) =>
    error instanceof ExportBrokenError
      ? new Refusal(
          'broken-off',
          `The export of ${collectionId} broke off: ${error.message}. Run it again.`,
        )
      : error
  if (file === undefined) {
    await pipeline(source, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
      // Who reads it has enough (`| head`).
      if (error.code !== 'EPIPE') throw broken(error)
    })
    return
  }
  // Written beside and moved, so that what broke off does not look whole.
  const beside = `${file}.part`
  try {
    await pipeline(source, createWriteStream(beside))
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true })
    throw broken(error)
  }
  output.show({ collection: collectionId, format, output: file }, `Written to ${file}.`)
}
