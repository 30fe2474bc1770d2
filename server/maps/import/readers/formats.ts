import { basename } from 'node:path'

/** The formats that can be imported: what they are called, and how they are recognised. */
export type ImportFormat = 'geojson' | 'ndjson' | 'csv' | 'imdf'

export const IMPORT_FORMATS: readonly ImportFormat[] = ['geojson', 'ndjson', 'csv', 'imdf']

/** By the ending of a file's name; null: it tells nothing. */
export function formatOfName(path: string): ImportFormat | null {
  const [, ending = ''] = /\.([a-z0-9]+)$/i.exec(basename(path)) ?? []
  return BY_ENDING[ending.toLowerCase()] ?? null
}

/** By a media type, whose parameters count for nothing; null: of no format that can be imported. */
export function formatOfMediaType(contentType: string): ImportFormat | null {
  return BY_MEDIA_TYPE[contentType.split(';')[0]!.trim().toLowerCase()] ?? null
}

const BY_ENDING: Record<string, ImportFormat | undefined> = {
  geojson: 'geojson',
  json: 'geojson',
  ndjson: 'ndjson',
  geojsonl: 'ndjson',
  geojsons: 'ndjson',
  geojsonseq: 'ndjson',
  ndgeojson: 'ndjson',
  jsonl: 'ndjson',
  csv: 'csv',
  tsv: 'csv',
  zip: 'imdf',
  imdf: 'imdf',
}

const BY_MEDIA_TYPE: Record<string, ImportFormat | undefined> = {
  'application/geo+json': 'geojson',
  'application/json': 'geojson',
  'application/geo+json-seq': 'ndjson',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'text/csv': 'csv',
  'application/zip': 'imdf',
}

export const IMPORT_MEDIA_TYPES: readonly string[] = Object.keys(BY_MEDIA_TYPE)
