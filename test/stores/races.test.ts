import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Actor } from '../../server/access/audit/actor.ts'
import type { Write } from '../../server/database/database.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine, createDemoClient, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const named = { description: '', expiresAt: null }

/** Makes a change, and starts another one on another node before the first is committed. */
async function overlapping<Second>(
  access: Access,
  first: (write: Write) => Promise<unknown>,
  second: () => Promise<Second>,
): Promise<Second> {
  let started: Promise<Second> | undefined
  await access.database.write(async (write) => {
    await first(write)
    started ??= second()
    // What it comes to is judged below, also when it comes too early.
    started.catch(() => {})
    await sleep(200)
  })
  return started!
}

describeDatabases('two changes at once', (_kind, locate) => {
  async function openNodes() {
    const location = await locate()
    const [here, there] = [await openTestAccess(location), await openTestAccess(location)]
    return {
      here,
      there,
      async [Symbol.asyncDispose]() {
        await here[Symbol.asyncDispose]()
        await there[Symbol.asyncDispose]()
      },
    }
  }

  const loggedIn = (client: { clientId: string; secretId: string }): Actor => ({
    ...commandLine,
    kind: 'client',
    id: client.clientId,
    secretId: client.secretId,
  })

  it('a secret that is created while its creator is deleted goes along', async () => {
    await using nodes = await openNodes()
    const { here, there } = nodes
    const creator = await createDemoClient(here)
    const owner = await createDemoClient(here)
    const outcome = await overlapping(
      here,
      (write) => here.secrets.createIn(write, loggedIn(creator), owner.clientId, named),
      () =>
        there.secrets.delete(commandLine, creator.clientId, creator.secretId, {
          revokeTokens: false,
          deleteCreated: () => true,
        }),
    )
    expect(outcome).toMatchObject({ kind: 'deleted', secrets: [{}, {}] })
    expect(await here.secrets.list(owner.clientId)).toMatchObject([{ id: owner.secretId }])
  })

  it('nothing is created with a secret that is being deleted', async () => {
    await using nodes = await openNodes()
    const { here, there } = nodes
    const creator = await createDemoClient(here)
    const owner = await createDemoClient(here)
    const outcome = await overlapping(
      here,
      (write) =>
        write.query
          .updateTable('client_secrets')
          .set({ revoked_at: here.clock.now() })
          .where('id', '=', creator.secretId)
          .execute(),
      () => there.secrets.create(loggedIn(creator), owner.clientId, named),
    )
    expect(outcome).toEqual({ kind: 'creator-ended' })
  })

  it('a client is deleted with the secret that it is just getting', async () => {
    await using nodes = await openNodes()
    const { here, there } = nodes
    const { clientId } = await createDemoClient(here)
    const outcome = await overlapping(
      here,
      (write) => here.secrets.createIn(write, commandLine, clientId, named),
      () => there.clients.delete(commandLine, clientId),
    )
    expect(outcome).toBe('deleted')
    expect(await here.secrets.list(clientId, true)).toEqual([])
  })

  it('a customer that is just getting a client is not deleted', async () => {
    await using nodes = await openNodes()
    const { here, there } = nodes
    await here.customers.create(commandLine, { id: 'c', name: 'C' })
    const client = { customerId: 'c', displayName: 'Client' }
    const outcome = await overlapping(
      here,
      (write) => here.clients.createIn(write, commandLine, client),
      () => there.customers.delete(commandLine, 'c'),
    )
    expect(outcome).toBe('has-clients')
  })

  it('a customer that is being deleted gets no client', async () => {
    await using nodes = await openNodes()
    const { here, there } = nodes
    await here.customers.create(commandLine, { id: 'c', name: 'C' })
    const outcome = await overlapping(
      here,
      (write) => write.query.deleteFrom('customers').where('id', '=', 'c').execute(),
      () => there.clients.create(commandLine, { customerId: 'c', displayName: 'Client' }),
    )
    expect(outcome).toEqual({ kind: 'unknown-customer' })
  })
})
