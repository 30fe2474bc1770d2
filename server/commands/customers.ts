import type { Command } from 'commander'
import type { Customer } from '../access/customers/customers.ts'
import { addCommand, addGroup, addPaging, id, page, text } from './define.ts'
import { lines, table, time } from './output.ts'
import { onData, Refusal, type Session } from './run.ts'

/** `mapgate customers`: the tenants, which own clients. */
export function addCustomersCommand(program: Command): void {
  const customers = addGroup(
    program,
    'customers',
    'Manage customers: the tenants that own clients.',
  )
  addCommand(customers, 'create', 'Create a customer.', [
    'mapgate customers create "City of Lund"',
    'mapgate customers create "City of Lund" --id lund',
  ])
    .argument('<name>', 'its name, up to 200 characters', text(200))
    .option('--id <id>', 'its id (default: a random number)', id)
    .action(onData(create))
  addPaging(
    addCommand(customers, 'list', 'List customers, by id.', ['mapgate customers list --json']),
  ).action(onData(list))
  addCommand(customers, 'show <id>', 'Show a customer.', ['mapgate customers show lund']).action(
    onData(show),
  )
  addCommand(
    customers,
    'suspend <id>',
    'Suspend a customer. No client of it can log in, and all its tokens stop working within a second.',
    ['mapgate customers suspend lund'],
  ).action(onData((session, customerId: string) => setSuspended(session, customerId, true)))
  addCommand(
    customers,
    'resume <id>',
    'End the suspension of a customer. Its clients, and their tokens that have not expired, work again.',
    ['mapgate customers resume lund'],
  ).action(onData((session, customerId: string) => setSuspended(session, customerId, false)))
  addCommand(
    customers,
    'delete <id>',
    'Delete a customer for good. It must have no clients and no collections left; suspend it to stop them all at once.',
    ['mapgate customers delete lund'],
  ).action(onData(remove))
}

async function create(
  { access, actor, output }: Session,
  name: string,
  options: { id?: string },
): Promise<void> {
  const outcome = await access.customers.create(actor, {
    name,
    ...(options.id !== undefined && { id: options.id }),
  })
  if (outcome.kind === 'exists') {
    throw new Refusal('exists', `There is already a customer “${options.id}”.`)
  }
  output.show(outcome.customer, details(outcome.customer))
}

async function list(
  { access, output }: Session,
  { limit, after }: { limit: number; after?: string },
): Promise<void> {
  const found = await access.customers.list({ after: after ?? null, limit: limit + 1 })
  const { shown, next } = page(found, limit)
  const rows = shown.map((customer) => [
    customer.id,
    customer.name,
    state(customer),
    time(customer.createdAt),
  ])
  output.show(
    { customers: shown, next },
    rows.length > 0
      ? table(['ID', 'NAME', 'STATE', 'CREATED'], rows)
      : 'No customers. “mapgate customers create <name>” makes one.',
  )
  if (next !== null) output.note(`More follow: --after ${next}`)
}

async function show({ access, output }: Session, customerId: string): Promise<void> {
  const customer = (await access.customers.find(customerId)) ?? unknownCustomer(customerId)
  output.show(customer, details(customer))
}

async function setSuspended(
  { access, actor, output }: Session,
  customerId: string,
  suspended: boolean,
): Promise<void> {
  const customer =
    (await access.customers.setSuspended(actor, customerId, suspended)) ??
    unknownCustomer(customerId)
  output.show(customer, details(customer))
}

async function remove({ access, actor, output }: Session, customerId: string): Promise<void> {
  const outcome = await access.customers.delete(actor, customerId)
  if (outcome === 'unknown') unknownCustomer(customerId)
  if (outcome === 'has-clients') {
    throw new Refusal(
      'has-clients',
      `Customer ${customerId} has clients: delete them first (mapgate clients list --customer ${customerId}).`,
    )
  }
  if (outcome === 'has-collections') {
    throw new Refusal(
      'has-collections',
      `Customer ${customerId} has collections: delete them first (mapgate collections list --customer ${customerId}).`,
    )
  }
  output.show({ id: customerId, deleted: true }, `Customer ${customerId} is deleted.`)
}

export function unknownCustomer(customerId: string): never {
  throw new Refusal(
    'unknown-customer',
    `There is no customer “${customerId}” (mapgate customers list shows them).`,
  )
}

const state = ({ suspended }: Customer) => (suspended ? 'suspended' : 'active')

const details = (customer: Customer) =>
  lines({
    id: customer.id,
    name: customer.name,
    state: state(customer),
    created: time(customer.createdAt),
  })
