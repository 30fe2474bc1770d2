import { type Command, InvalidArgumentError } from 'commander'
import type { StoredAuditEvent } from '../access/audit/audit-event.ts'
import type { AuditHead, BreakReason } from '../access/audit/chain.ts'
import { addCommand, addGroup, integer } from './define.ts'
import { lines, table, time } from './output.ts'
import { onData, type Session } from './run.ts'

/** `mapgate audit`: who did what, and whether the log is as it was written. */
export function addAuditCommand(program: Command): void {
  const audit = addGroup(program, 'audit', 'Read and verify the audit log.')
  addCommand(audit, 'list', 'List audit events, newest first.', [
    'mapgate audit list --limit 20',
    'mapgate audit list --action secret.delete --customer lund --json',
  ])
    .option('--action <name>', 'only this action, as secret.create')
    .option('--object <id>', 'only what happened to this object: a client, a secret, …')
    .option('--customer <id>', 'only what happened to this customer’s objects')
    .option('--actor <id>', 'only what this client, account or user did')
    .option('--before <sequence>', 'only events before this one', integer(1, 1e15 - 1))
    .option('--limit <n>', 'how many at most, 1 to 1000', integer(1, 1_000), 100)
    .action(onData(list))
  addCommand(
    audit,
    'verify',
    'Walk the whole log and check that no event was changed, put in or taken out. Prints the head: note it somewhere else and give it to a later --head, which also shows when the newest events were cut off. Exit code 1 when the log is broken.',
    ['mapgate audit verify', 'mapgate audit verify --head 1042:9f86d081…'],
  )
    .option(
      '--head <sequence:hash>',
      'a head printed earlier, which must still be there',
      parseHead,
    )
    .action(onData(verify))
}

async function list(
  { access, output }: Session,
  options: {
    action?: string
    object?: string
    customer?: string
    actor?: string
    before?: number
    limit: number
  },
): Promise<void> {
  const { limit } = options
  const events = await access.audit.list({
    limit,
    before: options.before,
    action: options.action,
    objectId: options.object,
    customerId: options.customer,
    actorId: options.actor,
  })
  const rows = events.map((event) => [
    String(event.sequence),
    time(event.at),
    who(event),
    event.outcome === 'success' ? event.action : `${event.action} (failed)`,
    `${event.object.kind} ${event.object.id}`,
    Object.keys(event.details).length > 0 ? JSON.stringify(event.details) : '',
  ])
  output.show(
    { events },
    rows.length > 0
      ? table(['SEQUENCE', 'AT', 'WHO', 'ACTION', 'OBJECT', 'DETAILS'], rows)
      : 'No such events.',
  )
  if (events.length === limit && events.at(-1)!.sequence > 1) {
    output.note(`More may follow: --before ${events.at(-1)!.sequence}`)
  }
}

function who({ actor }: StoredAuditEvent): string {
  const name = actor.id === null ? actor.kind : `${actor.kind} ${actor.id}`
  return actor.address === null ? name : `${name} from ${actor.address}`
}

async function verify({ access, output }: Session, { head }: { head?: AuditHead }): Promise<void> {
  const verification = await access.audit.verify({ head })
  if (verification.kind === 'broken') {
    process.exitCode = 1
    const { sequence, reason } = verification
    output.show(
      verification,
      lines({ audit: 'BROKEN', at: `event ${sequence}`, why: REASONS[reason] }),
    )
    return
  }
  const { events } = verification
  const text = verification.head ? `${verification.head.sequence}:${verification.head.hash}` : null
  output.show(
    { kind: 'intact', events, head: text },
    lines({ audit: 'intact', events, head: text ?? 'none yet' }),
  )
}

export const REASONS: Record<BreakReason, string> = {
  missing: 'the event is not there any more',
  changed: 'its fields do not fit its hash: it was changed, or written under another master key',
  unlinked: 'it does not follow the event before it: events were put in or taken out',
  'not-the-head': 'it is another event than the one that was noted as the head',
}

function parseHead(text: string): AuditHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (sequence && hash) return { sequence: Number(sequence), hash }
  throw new InvalidArgumentError('It must be a head as “mapgate audit verify” prints it.')
}
