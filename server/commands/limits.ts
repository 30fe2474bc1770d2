import type { Command } from 'commander'
import type { LimitOverride } from '../access/limits/policies.ts'
import { requireClient } from './client-details.ts'
import { addCommand, addGroup, integer, seconds, text } from './define.ts'
import { limitRows, limitsOf, limitsTable } from './limit-details.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate limits`: how often clients may call. What is set here wins over the configuration. */
export function addLimitsCommand(program: Command): void {
  const limits = addGroup(program, 'limits', 'Manage rate limits that are set at run time.')
  addCommand(
    limits,
    'list',
    'List the limits of the configuration and those set at run time. The most specific one counts; of two for the same, the one set at run time. Endpoints may declare others of their own.',
    ['mapgate limits list', 'mapgate limits list --client 4711'],
  )
    .option('--client <id>', 'only those of this client')
    .action(onData(list))
  addTarget(
    addCommand(
      limits,
      'set',
      'Set a limit. Servers obey it within a second. Without --client it holds for each client, without --endpoint for all endpoints together.',
      [
        'mapgate limits set --client 4711 --endpoint maps.items --quota 600 --window 1m',
        'mapgate limits set --client 4711 --quota 100000 --window 1d',
      ],
    )
      .requiredOption('--quota <n>', 'calls allowed, 1 to 10000000', integer(1, 10_000_000))
      .requiredOption(
        '--window <duration>',
        'in any window of this length, 1s to 1d',
        seconds(1, 86_400),
      ),
  ).action(onData(set))
  addTarget(
    addCommand(limits, 'remove', 'Remove a limit that was set at run time.', [
      'mapgate limits remove --client 4711 --endpoint maps.items',
    ]),
  ).action(onData(remove))
}

interface Target {
  client?: string
  endpoint?: string
}

function addTarget(command: Command): Command {
  return command
    .option('--client <id>', 'of this client only', text(100))
    .option(
      '--endpoint <name>',
      'on this endpoint only: its operationId in /openapi.json',
      text(200),
    )
}

async function list(
  { access, settings, output }: Session,
  { client }: { client?: string },
): Promise<void> {
  const all = limitsOf(settings, await access.limits.listOverrides())
  const limits = all.filter(({ clientId }) => client === undefined || clientId === client)
  const { default: standard } = settings.limits
  const rows = limitRows(limits)
  const endpointDefault = limitRows([
    { clientId: '', endpoint: '', ...standard, source: 'configuration' },
  ])[0]!
  endpointDefault[1] = 'data endpoints, by default'
  output.show({ default: standard, limits }, limitsTable([endpointDefault, ...rows]))
}

async function set(
  session: Session,
  { quota, window, ...target }: Target & { quota: number; window: number },
): Promise<void> {
  const { access, actor, output } = session
  const customerId = await customerOf(session, target)
  const override: LimitOverride = { ...keyOf(target), quota, windowSeconds: window }
  await access.database.write(async (write) => {
    if (!(await access.limits.setOverride(write, override))) return
    access.audit.record(write, actor, {
      action: 'limit.set',
      object: objectOf(override),
      customerId,
      details: { ...override },
    })
  })
  output.show(override, limitsTable(limitRows([{ ...override, source: 'run time' }])))
}

async function remove({ access, actor, output }: Session, target: Target): Promise<void> {
  const key = keyOf(target)
  const client = key.clientId === '' ? null : await access.clients.find(key.clientId)
  const removed = await access.database.write(async (write) => {
    if (!(await access.limits.removeOverride(write, key))) return false
    access.audit.record(write, actor, {
      action: 'limit.remove',
      object: objectOf(key),
      customerId: client?.customerId ?? null,
    })
    return true
  })
  if (!removed) {
    throw new Refusal(
      'unknown-limit',
      'No such limit was set at run time (mapgate limits list shows them).',
    )
  }
  output.show({ ...key, removed: true }, 'The limit is removed.')
}

async function customerOf(session: Session, { client }: Target): Promise<string | null> {
  return client === undefined ? null : (await requireClient(session, client)).customerId
}

const keyOf = ({ client, endpoint }: Target) => ({
  clientId: client ?? '',
  endpoint: endpoint ?? '',
})

const objectOf = ({ clientId, endpoint }: Pick<LimitOverride, 'clientId' | 'endpoint'>) => ({
  kind: 'limit',
  id: `${clientId || '*'} ${endpoint || '*'}`,
})
