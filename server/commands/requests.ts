import { type Command, Option } from 'commander'
import {
  CLIENT_REQUEST_STATUSES,
  type ClientRequest,
  type ClientRequestStatus,
} from '../access/requests/client-request.ts'
import { unknownScope } from './client-details.ts'
import { unknownCustomer } from './customers.ts'
import { addCommand, addGroup, addPaging, page, text, words } from './define.ts'
import { lines, table, time } from './output.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate requests`: applications for a client, and what an operator decides about them. */
export function addRequestsCommand(program: Command): void {
  const requests = addGroup(program, 'requests', 'Decide on requests for a client.')
  addCommand(requests, 'create', 'Record a request that came by mail or telephone.', [
    'mapgate requests create --name "Snow ploughs" --credential-name "dispatch server" --scope read --use "Shows cleared roads" --contact ann@lund.example',
  ])
    .requiredOption(
      '--name <text>',
      'display name of the application, up to 200 characters',
      text(200),
    )
    .requiredOption(
      '--credential-name <text>',
      'display name of its first secret, up to 200 characters',
      text(200),
    )
    .requiredOption('--scope <scopes>', 'what it needs, repeatable or space-separated', words)
    .requiredOption('--use <text>', 'the intended use, up to 2000 characters', text(2_000))
    .option('--contact <address>', 'the applicant’s e-mail address', text(254))
    .option('--customer <id>', 'whose client it is to be')
    .action(onData(create))
  addPaging(
    addCommand(requests, 'list', 'List requests, oldest first.', [
      'mapgate requests list --status requested',
    ]).addOption(
      new Option('--status <status>', 'only those with it').choices(CLIENT_REQUEST_STATUSES),
    ),
  ).action(onData(list))
  addCommand(requests, 'show <id>', 'Show a request.', [
    'mapgate requests show 019a0000-0000-7000-8000-000000000000',
  ]).action(onData(show))
  addCommand(
    requests,
    'approve <id>',
    'Approve a request. Creates the client and prints a link for the applicant, which reveals the client id and a secret once, to whoever opens it first. It expires (clientRequests.deliveryHours). A request for more permissions of a client gives it these.',
    ['mapgate requests approve 019a0000-0000-7000-8000-000000000000 --customer lund'],
  )
    .option('--customer <id>', 'whose client it is to be (default: what the request says)')
    .option(
      '--scope <scopes>',
      'what it may ask for instead of what was requested; manage and operate are granted only when named here',
      words,
    )
    .action(onData(approve))
  addCommand(requests, 'reject <id>', 'Reject a request.', [
    'mapgate requests reject 019a0000-0000-7000-8000-000000000000 --reason "Please use the public tiles"',
  ])
    .requiredOption('--reason <text>', 'why, for the applicant, up to 2000 characters', text(2_000))
    .action(onData(reject))
  addCommand(
    requests,
    'deliver <id>',
    'Make a new link for an approved request whose secret nobody has revealed yet. The link before is dead.',
    ['mapgate requests deliver 019a0000-0000-7000-8000-000000000000'],
  ).action(onData(deliver))
}

async function create(
  { access, actor, output }: Session,
  options: {
    name: string
    credentialName: string
    scope: string[]
    use: string
    contact?: string
    customer?: string
  },
): Promise<void> {
  const { customer } = options
  if (customer !== undefined && !(await access.customers.find(customer))) unknownCustomer(customer)
  const outcome = await access.clientRequests.submit(actor, {
    displayName: options.name,
    credentialName: options.credentialName,
    permissions: options.scope,
    intendedUse: options.use,
    contact: options.contact ?? null,
    customerId: customer ?? null,
  })
  switch (outcome.kind) {
    case 'submitted':
      return output.show(outcome.request, details(outcome.request))
    case 'unknown-scope':
      return unknownScope(outcome.scope, access.apis)
    case 'too-many-waiting':
      throw new Refusal(
        'too-many-waiting',
        'Too many requests are waiting (clientRequests.maximumWaiting): decide some of them first.',
      )
  }
}

async function list(
  { access, output }: Session,
  { status, after, limit }: { status?: ClientRequestStatus; after?: string; limit: number },
): Promise<void> {
  const found = await access.clientRequests.list({ status, after: after ?? null, limit: limit + 1 })
  const { shown, next } = page(found, limit)
  const rows = shown.map((request) => [
    request.id,
    request.displayName,
    request.purpose === 'client' ? 'client' : `more for ${request.clientId}`,
    request.permissions.join(' '),
    request.contact ?? '-',
    request.status,
    time(request.createdAt),
  ])
  output.show(
    { requests: shown, next },
    rows.length > 0
      ? table(['ID', 'NAME', 'FOR', 'SCOPES', 'CONTACT', 'STATUS', 'CREATED'], rows)
      : `No ${status === undefined ? '' : `${status} `}requests.`.replace(
          'requested requests',
          'waiting requests',
        ),
  )
  if (next !== null) output.note(`More follow: --after ${next}`)
}

async function show({ access, output }: Session, id: string): Promise<void> {
  const request = (await access.clientRequests.find(id)) ?? unknownRequest(id)
  output.show(request, details(request))
}

async function approve(
  { access, actor, settings, output }: Session,
  id: string,
  { customer, scope }: { customer?: string; scope?: string[] },
): Promise<void> {
  const outcome = await access.clientRequests.approve(actor, id, {
    ...(customer !== undefined && { customerId: customer }),
    ...(scope && { scopes: scope }),
  })
  switch (outcome.kind) {
    case 'approved': {
      const { request, client, deliveryToken } = outcome
      const url = deliveryUrl(settings.publicUrl, deliveryToken)
      output.show(
        { request, client, deliveryUrl: url },
        `${details(request)}\n\n${linkLines(request, url)}`,
      )
      return output.note(SEND_IT)
    }
    case 'granted': {
      const { request, client } = outcome
      return output.show(
        { request, client },
        `${details(request)}\n\n${lines({ 'scopes now': client.scopes.join(' ') })}`,
      )
    }
    case 'has-customer':
      throw new Refusal(
        'has-customer',
        'The request is for a client that has a customer: leave --customer out.',
      )
    case 'unknown-client':
      throw new Refusal(
        'unknown-client',
        'The client has been deleted: “mapgate requests reject” closes the request.',
      )
    case 'unknown-scope':
      return unknownScope(outcome.scope, access.apis)
    case 'only-management':
      throw new Refusal(
        'only-management',
        'The request asks for nothing but manage or operate: name with --scope what to grant.',
      )
    case 'no-customer':
      throw new Refusal(
        'no-customer',
        'The request does not say whose client it is to be: give --customer.',
      )
    case 'unknown-customer':
      return unknownCustomer(customer ?? (await access.clientRequests.find(id))!.customerId!)
    case 'unknown':
    case 'decided':
      return notWaiting(outcome, id)
  }
}

async function reject(
  { access, actor, output }: Session,
  id: string,
  { reason }: { reason: string },
): Promise<void> {
  const outcome = await access.clientRequests.reject(actor, id, reason)
  if (outcome.kind !== 'rejected') return notWaiting(outcome, id)
  output.show(outcome.request, details(outcome.request))
}

async function deliver({ access, actor, settings, output }: Session, id: string): Promise<void> {
  const outcome = await access.clientRequests.redeliver(actor, id)
  switch (outcome.kind) {
    case 'created': {
      const { request, deliveryToken } = outcome
      const url = deliveryUrl(settings.publicUrl, deliveryToken)
      output.show({ request, deliveryUrl: url }, linkLines(request, url))
      return output.note(SEND_IT)
    }
    case 'unknown':
      return unknownRequest(id)
    case 'not-approved':
      throw new Refusal('not-approved', `Request ${id} is not approved.`)
    case 'nothing-to-deliver':
      throw new Refusal(
        'nothing-to-deliver',
        `Request ${id} was for permissions only: the client has its secrets.`,
      )
    case 'delivered':
      throw new Refusal(
        'delivered',
        `The secret of request ${id} was revealed already. “mapgate secrets roll” makes a new one.`,
      )
  }
}

const SEND_IT =
  'Send the link to the applicant over a channel you trust: whoever opens it first gets the secret.'

const deliveryUrl = (publicUrl: string, token: string) =>
  `${publicUrl}/client-requests/delivery/${token}`

const linkLines = (request: ClientRequest, url: string) =>
  lines({ link: url, 'works until': time(request.deliveryExpiresAt) })

function details(request: ClientRequest): string {
  return lines({
    id: request.id,
    for: request.purpose === 'client' ? 'a new client' : 'more permissions of a client',
    name: request.displayName,
    ...(request.purpose === 'client' && { 'credential name': request.credentialName }),
    scopes: request.permissions.join(' '),
    'intended use': request.intendedUse,
    contact: request.contact ?? '-',
    customer: request.customerId ?? '-',
    status: request.status,
    ...(request.reason !== null && { reason: request.reason }),
    ...(request.clientId !== null && {
      client: request.clientId,
      ...(request.purpose === 'client' && {
        'secret revealed': time(request.deliveredAt, 'not yet'),
      }),
    }),
    created: time(request.createdAt),
    decided: time(request.decidedAt, 'not yet'),
  })
}

function unknownRequest(id: string): never {
  throw new Refusal(
    'unknown-request',
    `There is no client request “${id}” (mapgate requests list shows them).`,
  )
}

function notWaiting(
  outcome: { kind: 'unknown' } | { kind: 'decided'; status: ClientRequestStatus },
  id: string,
): never {
  if (outcome.kind === 'unknown') return unknownRequest(id)
  throw new Refusal('decided', `Request ${id} is ${outcome.status} already.`)
}
