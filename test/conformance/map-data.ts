import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Feature, FeatureCollection, Geometry } from 'geojson'
import { mapgate, type RunningServer, startServer, temporaryFolder } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import { createClient, type Credentials, getToken } from './requests.ts'

/** A server with collections of one's own, put there by the command line. */

export interface Link {
  rel: string
  href: string
  type?: string
}

export interface Items extends FeatureCollection {
  numberReturned: number
  numberMatched?: number
  attribution: string
  timeStamp: string
  links: Link[]
}

export type MapServer = Pick<RunningServer, 'url' | 'environment'> & AsyncDisposable

/** With the customer `demo`, and no limits to speak of. */
export async function startMapServer(environment: Record<string, string> = {}): Promise<MapServer> {
  const server = await startServer({ environment: { ...withConfig(generous), ...environment } })
  await mapgate(server, 'customers', 'create', 'Demo', '--id', 'demo')
  return server
}

/** @param options of `mapgate import` */
export async function importFeatures(
  server: MapServer,
  id: string,
  features: readonly object[],
  ...options: string[]
): Promise<void> {
  const folder = temporaryFolder()
  const file = join(folder, `${id}.geojson`)
  await writeFile(file, JSON.stringify({ type: 'FeatureCollection', features }))
  await mapgate(
    server,
    'import',
    file,
    '--collection',
    id,
    '--customer',
    'demo',
    '--strict',
    ...options,
  )
  await rm(folder, { recursive: true })
  // Another process made it: the server may use what it knew for half a second.
  await sleep(600)
}

/** A token of a new client of the customer `demo`. @param options of `mapgate clients create` */
export async function newToken(
  server: MapServer,
  scope: string,
  ...options: string[]
): Promise<{ token: string; client: Credentials }> {
  const client = await createClient(server, '--scope', scope, ...options)
  return { token: await getToken(server, client), client }
}

export function feature(
  id: string | null,
  geometry: Geometry,
  properties: Record<string, unknown> = {},
): Feature {
  return { type: 'Feature', ...(id !== null && { id }), geometry, properties }
}

export const point = (longitude: number, latitude: number): Geometry => ({
  type: 'Point',
  coordinates: [longitude, latitude],
})

/** A square with that corner in the south-west. */
export function square(west: number, south: number, side = 1): Geometry {
  const [east, north] = [west + side, south + side]
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}

export const linkOf = ({ links }: { links: Link[] }, rel: string): string | undefined =>
  links.find((link) => link.rel === rel)?.href

export const idsOf = ({ features }: Pick<FeatureCollection, 'features'>): string[] =>
  features.map(({ id }) => String(id))
