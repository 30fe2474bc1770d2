import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { median } from './ratios.ts'

/**
 * `node bench/imports.ts`: how fast points come in, judged and with their names made searchable, beside
 * the least that could be done with the same file: to parse each line and insert it. They take turns;
 * the time of starting `mapgate`, taken with a file of one line, is not counted.
 */
const POINTS = 200_000
const ROUNDS = 5

const PROGRAM = fileURLToPath(new URL('../bin/mapgate.js', import.meta.url))

/** GeoJSON, a feature a line, like the sample's places. */
function points(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const [longitude, latitude] = [((index * 7.31) % 358) - 179, ((index * 3.17) % 168) - 84]
    return JSON.stringify({
      type: 'Feature',
      id: `p-${index}`,
      geometry: {
        type: 'Point',
        coordinates: [Number(longitude.toFixed(5)), Number(latitude.toFixed(5))],
      },
      properties: {
        name: `Place ${index % 5_000} by the river`,
        country: 'XX',
        admin1: 'Province',
        count: index,
      },
    })
  })
  return lines.join('\n')
}

async function mapgate(dataDir: string, ...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--json'], {
    env: { PATH: process.env.PATH, MAPGATE_DATA_DIR: dataDir },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`mapgate ${args[0]} ended with ${code}: ${errors}`)
}

/** @returns seconds */
async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1_000
}

/** Parsed, and inserted as text in one transaction. */
async function bare(file: string, database: string): Promise<void> {
  using sqlite = new DatabaseSync(database)
  sqlite.exec('create table features (key integer primary key, id text unique, feature text)')
  const insert = sqlite.prepare('insert into features (id, feature) values (?, ?)')
  sqlite.exec('begin')
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    const { id, ...feature } = JSON.parse(line) as { id: string }
    insert.run(id, JSON.stringify(feature))
  }
  sqlite.exec('commit')
}

const folder = await mkdtemp(join(tmpdir(), 'mapgate-bench-'))
try {
  const [many, one] = [join(folder, 'many.ndjson'), join(folder, 'one.ndjson')]
  await writeFile(many, points(POINTS))
  await writeFile(one, points(1))
  const dataDir = join(folder, 'data')
  await mapgate(dataDir, 'customers', 'create', 'Bench', '--id', 'bench')
  const bring = (file: string, collection: string) =>
    mapgate(dataDir, 'import', file, '--collection', collection, '--customer', 'bench', '--strict')
  const [rates, ratios]: [number[], number[]] = [[], []]
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`round ${round} of ${ROUNDS}\n`)
    const least = await timed(() => bare(many, join(folder, `bare-${round}.sqlite`)))
    const start = await timed(() => bring(one, `one-${round}`))
    const whole = await timed(() => bring(many, `many-${round}`))
    rates.push(POINTS / (whole - start))
    ratios.push(least / (whole - start))
  }
  process.stdout.write(
    `${Math.round(median(rates))} points a second (target 20000); ` +
      `${median(ratios).toFixed(3)} of what parsing and inserting alone reaches\n`,
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}
