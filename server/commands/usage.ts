import { type Command, InvalidArgumentError, Option } from 'commander'
import type { UsageGroup, UsageRow } from '../access/usage/usage-query.ts'
import type { UsageResolution } from '../access/usage/usage-rows.ts'
import { addCommand, integer, moment } from './define.ts'
import { table, time } from './output.ts'
import { misused, onData, type Session } from './run.ts'

/** `mapgate usage`: how often and how fast requests were answered. */
export function addUsageCommand(program: Command): void {
  addCommand(
    program,
    'usage',
    'Sum up requests, with estimated latencies in milliseconds. A running server writes what it counted about once a second. Periods are those of UTC; minutes are kept 2 days, hours 90 days, days 2 years.',
    [
      'mapgate usage --from 7d --group-by client',
      'mapgate usage --from 2026-11-01 --to 2026-12-01 --client 4711 --group-by period,status --json',
    ],
  )
    .option('--from <when>', 'a day, a time, or how long ago (90m, 24h, 7d)', moment)
    .option('--to <when>', 'the same, not included (default: now)', moment)
    .addOption(
      new Option(
        '--resolution <period>',
        'the counts to sum up (default: what the span needs)',
      ).choices(Object.keys(PERIODS)),
    )
    .option('--client <id>', 'only of this client; an empty text for requests without one')
    .option('--endpoint <name>', 'only on this endpoint: its operationId in /openapi.json')
    .option(
      '--group-by <groups>',
      `what each line stands for, of ${Object.keys(GROUPS).join(', ')}; none for one total (default: client,endpoint,status)`,
      parseGroups,
    )
    .option('--limit <n>', 'how many lines at most, 1 to 10000', integer(1, 10_000), 1_000)
    .action(onData(show))
}

const DAY = 86_400_000

const PERIODS: Record<UsageResolution, number> = { minute: 60_000, hour: 3_600_000, day: DAY }

const GROUPS = {
  period: 'period',
  client: 'clientId',
  secret: 'secretId',
  endpoint: 'endpoint',
  status: 'status',
} as const satisfies Record<string, UsageGroup>

async function show(
  { access, output }: Session,
  options: {
    from?: number
    to?: number
    resolution?: UsageResolution
    client?: string
    endpoint?: string
    groupBy?: UsageGroup[]
    limit: number
  },
): Promise<void> {
  const { to = access.clock.now(), from = to - DAY, limit } = options
  if (from >= to) misused('--from must be before --to')
  const resolution = options.resolution ?? fittingResolution(to - from)
  // The period in which the span begins belongs to it as a whole.
  const begin = from - (from % PERIODS[resolution])
  const groupBy = options.groupBy ?? ['clientId', 'endpoint', 'status']
  const usage = await access.usage.query({
    from: begin,
    to,
    resolution,
    clientId: options.client,
    endpoint: options.endpoint,
    groupBy,
    limit,
  })
  output.show(
    { from: begin, to, resolution, usage },
    usage.length > 0
      ? table([...groupBy.map(heading), 'REQUESTS', 'P50', 'P95', 'P99'], usage.map(cells(groupBy)))
      : `No requests from ${time(begin)} to ${time(to)}.`,
  )
  if (usage.length === limit && groupBy.length > 0) {
    output.note('There may be more: give a higher --limit, or fewer groups.')
  }
}

function fittingResolution(span: number): UsageResolution {
  if (span <= 2 * PERIODS.hour) return 'minute'
  return span <= 30 * DAY ? 'hour' : 'day'
}

const heading = (group: UsageGroup) =>
  Object.entries(GROUPS)
    .find(([, value]) => value === group)![0]
    .toUpperCase()

const cells = (groups: readonly UsageGroup[]) => (row: UsageRow) => [
  ...groups.map((group) => (group === 'period' ? time(row.period!) : String(row[group]) || '-')),
  String(row.requests),
  ...[row.p50, row.p95, row.p99].map((latency) => (latency === null ? '-' : latency.toFixed(1))),
]

function parseGroups(text: string): UsageGroup[] {
  if (text === 'none') return []
  return [...new Set(text.split(/[\s,]+/))].map((name) => {
    if (Object.hasOwn(GROUPS, name)) return GROUPS[name as keyof typeof GROUPS]
    throw new InvalidArgumentError(
      `It must be none or some of ${Object.keys(GROUPS).join(', ')}, with commas between.`,
    )
  })
}
