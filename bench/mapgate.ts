import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { residentMegabytes } from './process-figures.ts'
import { type Server, startServer } from './processes.ts'

/** Mapgate as the benchmark runs it: this checkout, its defaults, limits out of the way. */
export interface MapgateSetup {
  /** Starts a server on the sample data. */
  start(): Promise<Server>
  /** Starts a server on another data folder of the same installation. */
  startOn(dataDir: string): Promise<Server>
  /** A copy of the data folder as it was after the first start. */
  copyData(name: string): Promise<string>
  clientId: string
  clientSecret: string
  /** Resident memory after the first start, which imported the sample data, and after the next. */
  idleMegabytes: { afterImport: number | null; afterStart: number | null }
}

const PROGRAM = fileURLToPath(new URL('../bin/mapgate.js', import.meta.url))

/** Calls are counted as ever, but never refused: this many are not reached. */
const LIMITS = `limits:
  default: { quota: 10000000, windowSeconds: 60 }
  endpoints:
    oauth2.token: { quota: 10000000, windowSeconds: 60 }
    maps.tile: { quota: 10000000, windowSeconds: 60 }
    maps.items: { quota: 10000000, windowSeconds: 60 }
`

/** Importing the sample data takes its time on a slow machine. */
const READY_WITHIN_SECONDS = 180

/**
 * Starts Mapgate twice to see its memory, then leaves it stopped, with its data in `folder`.
 * @param settleSeconds how long it stays idle before its memory is read
 * @param further.configuration YAML besides the limits
 * @param further.pinned false: threads may use all cores
 */
export async function setUpMapgate(
  folder: string,
  settleSeconds: number,
  further: { configuration?: string; pinned?: boolean } = {},
): Promise<MapgateSetup> {
  const { configuration = '', pinned = true } = further
  const dataDir = join(folder, 'data')
  const configFile = join(folder, 'mapgate.yaml')
  await writeFile(configFile, LIMITS + configuration)

  const startOn = (directory: string) =>
    startServer({
      command: [PROGRAM, 'serve', '--sample'],
      environment: {
        MAPGATE_DATA_DIR: directory,
        MAPGATE_CONFIG: configFile,
        MAPGATE_HOST: '127.0.0.1',
        MAPGATE_LOG_LEVEL: 'warn',
      },
      readyPath: '/ready',
      readyWithinSeconds: READY_WITHIN_SECONDS,
      pinned,
    })
  const idle = async () => {
    await using server = await startOn(dataDir)
    await sleep(settleSeconds * 1_000)
    return residentMegabytes(server.pid)
  }

  const afterImport = await idle()
  const afterStart = await idle()
  const sample = JSON.parse(await readFile(join(dataDir, 'sample.json'), 'utf8')) as {
    client_id: string
    client_secret: string
  }
  return {
    start: () => startOn(dataDir),
    startOn,
    async copyData(name) {
      const copy = join(folder, name)
      await cp(dataDir, copy, { recursive: true })
      return copy
    },
    clientId: sample.client_id,
    clientSecret: sample.client_secret,
    idleMegabytes: { afterImport, afterStart },
  }
}
