import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { InvalidArgumentError } from 'commander'
import type { Area, AreaGeometry } from '../access/areas/areas.ts'
import { parseArea } from '../access/areas/parse-area.ts'
import type { Client } from '../access/clients/client.ts'
import type { Write } from '../database/database.ts'
import { boxOfGeometry } from '../geo/geometry.ts'
import { table } from './output.ts'
import type { Session } from './run.ts'

/** Areas that a client is limited to: from GeoJSON files, and how they are shown. */

export interface AreaFile {
  name: string
  geometry: AreaGeometry
}

/** Each cuts what the client sees, and is looked at for each feature. */
const MAXIMUM_AREAS = 10

/** Takes an option's value after those before; an empty one takes all away. */
export function areaFile(path: string, before: readonly AreaFile[] = []): AreaFile[] {
  if (path === '') return []
  if (before.length === MAXIMUM_AREAS) {
    throw new InvalidArgumentError(`A client has at most ${MAXIMUM_AREAS} areas.`)
  }
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new InvalidArgumentError('It must be the path of a GeoJSON file.')
  }
  const parsed = parseArea(geometryIn(value))
  if (parsed.kind === 'refused') throw new InvalidArgumentError(`The area ${parsed.reason}.`)
  return [
    ...before,
    { name: basename(path).replace(/\.(geo)?json$/i, ''), geometry: parsed.geometry },
  ]
}

/** Of a feature, or of a collection of just one, or the value itself. */
function geometryIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { type, geometry, features } = value as Record<string, unknown>
  if (type === 'Feature') return geometry
  if (type !== 'FeatureCollection' || !Array.isArray(features)) return value
  if (features.length === 1) return geometryIn(features[0])
  throw new InvalidArgumentError('It must hold one feature: name several files for several areas.')
}

/** @returns their ids */
export async function storeAreas(
  { access }: Session,
  write: Write,
  files: readonly AreaFile[],
): Promise<string[]> {
  const ids: string[] = []
  for (const { geometry, name } of files) {
    const { id } = await access.areas.createIn(write, geometry, name)
    if (!ids.includes(id)) ids.push(id)
  }
  return ids
}

/** null for one that is not there any more: it lets nothing be seen. */
export function findAreas({ access }: Session, client: Client): Promise<(Area | null)[]> {
  return Promise.all(client.areaIds.map((id) => access.areas.find(id)))
}

export function areasTable(areas: readonly (Area | null)[]): string {
  const rows = areas.map((area) => {
    const box = area && boxOfGeometry(area.geometry)
    return area && box
      ? [area.name, [box.west, box.south, box.east, box.north].join(','), area.id]
      : ['missing', 'nothing is seen', '-']
  })
  return table(['NAME', 'WITHIN', 'ID'], rows)
}
