import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Access } from '../../server/open-access.ts'
import { commandLine, createDemoClient, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const [first, second] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64url'))

async function verify(access: Access, text: string) {
  await access.database.feed.ensureFresh()
  return access.clientTokens.verify(text)
}

async function tokenOf(access: Access, id = '4711'): Promise<string> {
  return access.clientTokens.textOf((await access.clients.find(id))!)
}

describeDatabases('client tokens', (_kind, locate) => {
  it('can be shown again, by every node, and name their client', async () => {
    const location = await locate()
    await using access = await openTestAccess(location)
    await createDemoClient(access, { id: '4711', scopes: ['read', 'write', 'manage'] })
    const text = await tokenOf(access)
    expect(text).toMatch(/^MG\|4711\|[0-9a-f]{32}$/)
    await using other = await openTestAccess(location)
    expect(await tokenOf(other)).toBe(text)
    expect(await verify(other, text)).toMatchObject({ client: { id: '4711' }, scopes: ['read'] })
  })

  it('are worth nothing when anything about them is different', async () => {
    await using access = await openTestAccess(await locate())
    await createDemoClient(access, { id: '4711' })
    await access.clients.create(commandLine, {
      customerId: 'customer',
      displayName: '',
      id: '4712',
    })
    const text = await tokenOf(access)
    const [, , hex] = text.split('|')
    const wrong = [
      `MG|4712|${hex}`,
      `MG|4713|${hex}`,
      `MG|4711|${'0'.repeat(32)}`,
      `MG|4711|${hex!.toUpperCase()}x`,
      text.slice(0, -1),
      `${text}0`,
      `${text}\n`,
      ` ${text}`,
      text.replace('MG', 'mg'),
      `MG||${hex}`,
      `MG|${'1'.repeat(10_000)}|${hex}`,
      'MG|4711|',
      'MG',
      '',
    ]
    for (const presented of wrong) expect(await verify(access, presented), presented).toBeNull()
  })

  it('may do what was chosen, of what the client may do, and never change or manage', async () => {
    await using access = await openTestAccess(await locate())
    await createDemoClient(access, { id: '4711', scopes: ['read', 'write', 'manage'] })
    const text = await tokenOf(access)
    await access.clients.change(commandLine, '4711', {
      clientTokenScopes: ['read', 'write', 'manage', 'operate', 'openid'],
    })
    expect((await verify(access, text))!.scopes).toEqual(['read'])
    const { clients, clientTokens } = access
    expect(clientTokens.possibleScopesOf((await clients.find('4711'))!)).toEqual(['read'])
    await clients.change(commandLine, '4711', { scopes: ['write', 'manage'] })
    expect((await verify(access, text))!.scopes).toEqual([])
    await clients.change(commandLine, '4711', { clientTokenScopes: null })
    expect((await verify(access, text))!.scopes).toEqual([])
  })

  it('rest while the client or its customer is suspended, and end with it', async () => {
    await using access = await openTestAccess(await locate())
    await createDemoClient(access, { id: '4711' })
    const text = await tokenOf(access)
    await access.clients.setSuspended(commandLine, '4711', true)
    expect(await verify(access, text)).toBeNull()
    await access.clients.setSuspended(commandLine, '4711', false)
    expect(await verify(access, text)).not.toBeNull()
    await access.customers.setSuspended(commandLine, 'customer', true)
    expect(await verify(access, text)).toBeNull()
    await access.customers.setSuspended(commandLine, 'customer', false)
    await access.clients.delete(commandLine, '4711')
    expect(await verify(access, text)).toBeNull()
  })

  it('are replaced at once on all nodes, and each replacement counts', async () => {
    const location = await locate()
    await using access = await openTestAccess(location)
    await using other = await openTestAccess(location)
    await createDemoClient(access, { id: '4711' })
    const before = await tokenOf(access)
    expect(await verify(other, before)).not.toBeNull()
    const made = await Promise.all(
      [access, other, access, other].map((node) =>
        node.clientTokens.regenerate(commandLine, '4711'),
      ),
    )
    expect(new Set(made).size).toBe(4)
    const now = await tokenOf(other)
    for (const text of [before, ...made]) {
      expect((await verify(access, text!)) !== null, text!).toBe(text === now)
    }
    const events = await access.audit.list({ limit: 10 })
    expect(
      events
        .filter(({ action }) => action === 'client-token.regenerate')
        .map((event) => event.details),
    ).toEqual([{ version: 5 }, { version: 4 }, { version: 3 }, { version: 2 }])
    expect(await access.clientTokens.regenerate(commandLine, '4712')).toBeNull()
  })

  it('outlive the master keys', async () => {
    const location = await locate()
    const open = (masterKey: string) => openTestAccess(location, { settings: { masterKey } })
    let text: string
    {
      await using access = await open(`1:${first}`)
      await createDemoClient(access, { id: '4711' })
      text = await tokenOf(access)
    }
    {
      await using access = await open(`2:${second},1:${first}`)
      expect(await tokenOf(access)).toBe(text)
      expect(await verify(access, text)).not.toBeNull()
    }
    {
      await using access = await open(`2:${second}`)
      expect(await tokenOf(access)).toBe(text)
      expect(await verify(access, text)).not.toBeNull()
    }
    // The old key alone opens nothing any more.
    await expect(open(`1:${first}`)).rejects.toThrow('master key version 2')
  })

  it('differ between installations that share a master key', async () => {
    await using one = await openTestAccess(await locate())
    await using two = await openTestAccess(await locate())
    const made = { id: '4711', clientTokenVersion: 1 }
    expect(one.clientTokens.textOf(made)).not.toBe(two.clientTokens.textOf(made))
  })

  it('have one key, whichever of several nodes makes it', async () => {
    const location = await locate()
    const nodes = await Promise.all([1, 2, 3].map(() => openTestAccess(location)))
    const made = { id: '4711', clientTokenVersion: 1 }
    expect(new Set(nodes.map((node) => node.clientTokens.textOf(made))).size).toBe(1)
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
  })
})
