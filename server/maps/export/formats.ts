/** The formats in which a collection can be given whole. */
export const EXPORT_FORMATS = ['geojson', 'ndjson', 'csv'] as const

export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export const EXPORT_MEDIA_TYPES: Record<ExportFormat, string> = {
  geojson: 'application/geo+json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
}
