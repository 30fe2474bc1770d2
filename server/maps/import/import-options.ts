import type { CsvOptions } from './readers/csv-columns.ts'
import type { ImportFormat } from './readers/formats.ts'
import { readGeoJson } from './readers/geojson.ts'
import type { ImdfType } from './readers/imdf.ts'
import { readNdjson } from './readers/ndjson.ts'
import { type Reading, type Source, UnreadableError } from './readers/reading.ts'

/** What an import is told beside its file; from the command line, or from the query of a request. */
export interface ImportOptions {
  format: ImportFormat
  /** The property that holds the owner's ids; default: the features' own, else made of the content. */
  idProperty?: string
  /** The columns of a CSV file that hold the place, and what stands between them. */
  longitude?: string
  latitude?: string
  delimiter?: string
  /** Which features of an IMDF archive. */
  type?: ImdfType
  /** Keeps features that are not in the import. */
  merge?: boolean
  /** Ends at the first fault. */
  strict?: boolean
  /** Properties to be found by search, beside `name`. */
  search?: readonly string[]
  /** Properties that hold a feature's valid time. */
  start?: string
  end?: string
  instant?: string
}

/** The records of a source, from its start. */
export async function* readRecords(
  source: Source,
  options: ImportOptions,
  types?: CsvOptions['types'],
): AsyncGenerator<Reading> {
  switch (options.format) {
    case 'geojson':
      yield* readGeoJson(source.open())
      return
    case 'ndjson':
      yield* readNdjson(source.open())
      return
    // What reads these is loaded when it is first needed: a server in which nobody imports is smaller.
    case 'csv': {
      const { readCsv } = await import('./readers/csv.ts')
      yield* readCsv(source.open(), { ...options, ...(types && { types }) })
      return
    }
    case 'imdf': {
      const { type } = options
      const { openImdf } = await import('./readers/imdf.ts')
      const archive = await openImdf(source)
      if (type === undefined || !archive.types.includes(type)) {
        throw new UnreadableError(0, `has no ${type ?? 'such'}.geojson`)
      }
      yield* archive.read(type)
    }
  }
}
