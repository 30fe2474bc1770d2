import { median, type RatioResult, type Sample, type TargetName } from './ratios.ts'

/** What a run found. Absolute rates are only in `raw`: they say more of the machine than of Mapgate. */
export interface Report {
  ratios: RatioResult[]
  rounds: number
  secondsPerRound: number
  manyClients: number
  /** Whether servers and load had a core each. */
  pinned: boolean
  node: string
  /** Resident memory of Mapgate when idle with sample data: the larger of its two starts. */
  memoryMegabytes: number | null
  memory: { afterImport: number | null; afterStart: number | null }
  samples: ReadonlyMap<TargetName, Sample[]>
}

const MEMORY_TARGET_MEGABYTES = 200

/** A server that used less of its core was not what limited the rate. */
const BUSY_ENOUGH = 0.9

/** One JSON document. */
export function toJson(report: Report): string {
  const memory = report.memoryMegabytes
  return JSON.stringify(
    {
      ratios: report.ratios.map(({ byCpuTime, ...ratio }) => ({
        ...ratio,
        by_cpu_time: byCpuTime,
      })),
      rounds: report.rounds,
      seconds_per_round: report.secondsPerRound,
      many_clients: report.manyClients,
      pinned: report.pinned,
      node: report.node,
      memory_mb: memory,
      memory_target_mb: MEMORY_TARGET_MEGABYTES,
      memory_met: memory === null ? null : memory < MEMORY_TARGET_MEGABYTES,
      raw: {
        memory_mb: {
          after_import: report.memory.afterImport,
          after_start: report.memory.afterStart,
        },
        targets: [...report.samples].map(([name, samples]) => ({
          name,
          per_second: samples.map((sample) => Math.round(sample.perSecond)),
          busy: samples.map((sample) => sample.busy && Math.round(sample.busy * 100) / 100),
        })),
      },
    },
    null,
    2,
  )
}

/** A small table for people. */
export function toText(report: Report): string {
  const rows = report.ratios.map((ratio) => [
    ratio.name,
    ratio.median.toFixed(2),
    `${ratio.spread[0].toFixed(2)} - ${ratio.spread[1].toFixed(2)}`,
    ratio.byCpuTime?.toFixed(2) ?? '-',
    `>= ${ratio.target.toFixed(2)}`,
    ratio.met ? 'met' : 'MISSED',
    ratio.description,
  ])
  const header = ['ratio', 'median', 'spread', 'by CPU time', 'target', '', 'what : against what']
  const lines = [
    ...(rows.length > 0 ? align([header, ...rows]) : []),
    '',
    `${report.rounds} ${report.rounds === 1 ? 'round' : 'rounds'} of ${report.secondsPerRound} s, ${report.manyClients} clients for “many”, Node ${report.node}`,
    ...notes(report),
    memoryLine(report),
  ]
  return lines.join('\n').trim()
}

function memoryLine({ memoryMegabytes: memory }: Report): string {
  if (memory === null) return 'Resident memory: not known here'
  const verdict = memory < MEMORY_TARGET_MEGABYTES ? 'met' : 'MISSED'
  return `Resident memory, idle with sample data: ${Math.round(memory)} MB (target < ${MEMORY_TARGET_MEGABYTES} MB, ${verdict})`
}

function notes(report: Report): string[] {
  const lines = report.pinned ? [] : ['Not pinned: taskset or a second core is missing here.']
  for (const [name, samples] of report.samples) {
    const busy = samples.flatMap((sample) => (sample.busy === null ? [] : [sample.busy]))
    if (busy.length > 0 && median(busy) < BUSY_ENOUGH) {
      const percent = Math.round(median(busy) * 100)
      lines.push(`${name} used only ${percent} % of its core: something else limited its rate.`)
    }
  }
  return lines
}

function align(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}
