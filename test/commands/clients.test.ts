import { describe, expect, it } from 'vitest'
import { createClient, createInstallation } from './command-line.ts'

describe.each(['sqlite', 'postgres'] as const)('customers and clients (%s)', (kind) => {
  it('creates, changes, suspends and deletes them', async () => {
    await using on = await createInstallation(kind)
    const customer = await on.json('customers', 'create', ' City of Lund ', '--id', 'lund')
    expect(customer).toMatchObject({ id: 'lund', name: 'City of Lund', suspended: false })
    expect(customer['createdAt']).toMatch(/^\d{4}-\d\d-\d\dT/)
    const client = await on.json(
      ...['clients', 'create', '--customer', 'lund', '--name', 'Kiosk', '--scope', 'read write'],
      ...['--scope', 'upload', '--token-lifetime', '15m', '--signing-algorithm', 'RS256'],
      ...['--api', 'maps', '--type', 'public'],
    )
    expect(client).toMatchObject({
      id: expect.stringMatching(/^\d{16,19}$/),
      scopes: ['read', 'write', 'upload'],
      tokenLifetimeSeconds: 900,
      signingAlgorithm: 'RS256',
      apiId: 'maps',
      type: 'public',
    })
    const id = client['id'] as string
    expect(
      await on.json('clients', 'change', id, '--name', 'Desk', '--signing-algorithm', 'default'),
    ).toMatchObject({ displayName: 'Desk', signingAlgorithm: null, tokenLifetimeSeconds: 900 })
    expect(await on.json('clients', 'suspend', id)).toMatchObject({ suspended: true })
    expect(await on.json('clients', 'resume', id)).toMatchObject({ suspended: false })
    await on.json('customers', 'suspend', 'lund')
    expect(await on.json('clients', 'show', id)).toMatchObject({
      customerSuspended: true,
      secrets: [],
      limits: [],
    })
    await on.json('customers', 'resume', 'lund')
    expect(await on.error('customers', 'delete', 'lund')).toMatchObject({ code: 'has-clients' })
    await on.json('clients', 'delete', id)
    await on.json('customers', 'delete', 'lund')
    expect(await on.json('customers', 'list')).toEqual({ customers: [], next: null })

    const { events } = await on.json<{ events: { action: string; actor: object }[] }>(
      ...['audit', 'list', '--customer', 'lund'],
    )
    expect(events.map((event) => event.action)).toEqual([
      'customer.delete',
      'client.delete',
      'customer.resume',
      'customer.suspend',
      'client.resume',
      'client.suspend',
      'client.change',
      'client.create',
      'customer.create',
    ])
    expect(events[0]!.actor).toMatchObject({ kind: 'command-line', id: expect.any(String) })
  })
})

describe('clients', () => {
  it('creates a client with its first secret, whose text is on stdout alone', async () => {
    await using on = await createInstallation()
    await on.json('customers', 'create', 'City of Lund', '--id', 'lund')
    const { code, stdout, stderr } = await on.run([
      ...['clients', 'create', '--customer', 'lund', '--name', 'Kiosk', '--secret', 'first'],
    ])
    expect(code).toBe(0)
    const [text] = /mgs_[0-9a-f]{24}_\w+/.exec(stdout)!
    expect(stderr).toContain('only time')
    expect(stderr).not.toContain(text)
  })

  it('creates neither client nor secret when the id is taken', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const create = ['clients', 'create', '--customer', 'lund', '--id', '4711', '--name', 'x']
    expect(await on.error(...create, '--secret', 's')).toMatchObject({
      exitCode: 1,
      code: 'exists',
    })
    const { secrets } = await on.json<{ secrets: unknown[] }>('clients', 'show', '4711')
    expect(secrets).toHaveLength(1)
  })

  it('refuses what does not exist', async () => {
    await using on = await createInstallation()
    await on.json('customers', 'create', 'City of Lund', '--id', 'lund')
    const create = ['clients', 'create', '--name', 'x', '--customer']
    expect(await on.error(...create, 'malmo')).toMatchObject({ code: 'unknown-customer' })
    expect(await on.error(...create, 'lund', '--scope', 'fly')).toMatchObject({
      code: 'unknown-scope',
      message: expect.stringContaining('read'),
    })
    expect(await on.error(...create, 'lund', '--api', 'x')).toMatchObject({ code: 'unknown-api' })
    expect(await on.error('clients', 'show', '1')).toMatchObject({ code: 'unknown-client' })
    expect(await on.error('customers', 'show', '1')).toMatchObject({ code: 'unknown-customer' })
    expect(await on.error('clients', 'list', '--customer', '1')).toMatchObject({
      code: 'unknown-customer',
    })
    expect(await on.error('clients', 'change', '1')).toMatchObject({ exitCode: 2, code: 'usage' })
  })

  it('lists page by page, and says what to do when there are none', async () => {
    await using on = await createInstallation()
    expect((await on.run(['clients', 'list'])).stdout).toContain('mapgate clients create')
    for (const id of ['a', 'b', 'c']) await on.json('customers', 'create', id, '--id', id)
    const first = await on.json('customers', 'list', '--limit', '2')
    expect(first).toMatchObject({ customers: [{ id: 'a' }, { id: 'b' }], next: 'b' })
    const rest = await on.json('customers', 'list', '--limit', '2', '--after', 'b')
    expect(rest).toMatchObject({ customers: [{ id: 'c' }], next: null })
  })

  it('prints nothing that a terminal would obey', async () => {
    await using on = await createInstallation()
    await on.json('customers', 'create', 'a\u001b[2Jb\nc\u009b1md\u202ee', '--id', 'x')
    const human = await on.run(['customers', 'show', 'x'])
    expect(human.stdout).toContain('a\\u001b[2Jb\\u000ac\\u009b1md\\u202ee')
    const json = await on.run(['customers', 'show', 'x', '--json'])
    expect(json.stdout).not.toMatch(/[\u001b\u009b\u202e]/)
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'a\u001b[2Jb\nc\u009b1md\u202ee' })
  })
})
