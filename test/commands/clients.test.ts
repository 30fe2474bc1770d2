import { describe, expect, it } from 'vitest'
import { createClient, createInstallation } from './command-line.ts'

describe.each(['sqlite', 'postgres'] as const)('customers and clients (%s)', (kind) => {
  it('creates, suspends and deletes them, and tells the audit log who did', async () => {
    await using on = await createInstallation(kind)
    const customer = await on.json('customers create', ' City of Lund ', '--id', 'lund')
    expect(customer).toMatchObject({ id: 'lund', name: 'City of Lund', suspended: false })
    expect(customer['createdAt']).toMatch(/^\d{4}-\d\d-\d\dT/)
    const { id } = await on.json<{ id: string }>('clients create --customer lund --name Kiosk')
    expect(id).toMatch(/^\d{16,19}$/)
    expect(await on.json(`clients suspend ${id}`)).toMatchObject({ suspended: true })
    await on.json('customers suspend lund')
    expect(await on.json(`clients show ${id}`)).toMatchObject({
      suspended: true,
      customerSuspended: true,
      scopes: ['read'],
      secrets: [],
      limits: [],
    })
    expect(await on.error('customers delete lund')).toMatchObject({ code: 'has-clients' })
    await on.json(`clients delete ${id}`)
    await on.json('customers delete lund')

    const { events } = await on.json<{ events: { action: string; actor: object }[] }>(
      'audit list --customer lund',
    )
    expect(events.map((event) => event.action)).toEqual([
      'customer.delete',
      'client.delete',
      'customer.suspend',
      'client.suspend',
      'client.create',
      'customer.create',
    ])
    expect(events[0]!.actor).toMatchObject({ kind: 'command-line', id: expect.any(String) })
  })
})

describe('customers', () => {
  it('lists page by page, and says what to do when there are none', async () => {
    await using on = await createInstallation()
    expect((await on.run('customers list')).stdout).toContain('mapgate customers create')
    for (const id of ['a', 'b', 'c']) await on.json(`customers create ${id} --id ${id}`)
    const first = await on.json('customers list --limit 2')
    expect(first).toMatchObject({ customers: [{ id: 'a' }, { id: 'b' }], next: 'b' })
    const rest = await on.json('customers list --limit 2 --after b')
    expect(rest).toMatchObject({ customers: [{ id: 'c' }], next: null })
  })

  it('resumes one, and refuses one that is unknown or exists', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    await on.json('customers suspend lund')
    expect(await on.json('customers resume lund')).toMatchObject({ suspended: false })
    expect(await on.error('customers show malmo')).toMatchObject({
      exitCode: 1,
      code: 'unknown-customer',
    })
    expect(await on.error('customers create x --id lund')).toMatchObject({ code: 'exists' })
  })

  it('prints nothing that a terminal would obey', async () => {
    await using on = await createInstallation()
    const name = 'a\u001b[2Jb\nc\u009b1md\u202ee'
    await on.json('customers create --id x', name)
    const human = await on.run('customers show x')
    expect(human.stdout).toContain('a\\u001b[2Jb\\u000ac\\u009b1md\\u202ee')
    const json = await on.run('customers show x --json')
    expect(json.stdout).not.toMatch(/[\u009b\u202e]/)
    expect(JSON.parse(json.stdout)).toMatchObject({ name })
  })
})

describe('clients', () => {
  it('takes all that a client may have, and changes it', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const create =
      'clients create --customer lund --name Kiosk --id kiosk --scope read,write --scope upload'
    expect(
      await on.json(`${create} --token-lifetime 15m --signing-algorithm RS256 --api maps`),
    ).toMatchObject({
      id: 'kiosk',
      scopes: ['read', 'write', 'upload'],
      tokenLifetimeSeconds: 900,
      signingAlgorithm: 'RS256',
      apiId: 'maps',
    })
    expect(
      await on.json('clients change kiosk --signing-algorithm default --scope', 'read write'),
    ).toMatchObject({
      scopes: ['read', 'write'],
      signingAlgorithm: null,
      tokenLifetimeSeconds: 900,
    })
    expect(await on.json('clients resume kiosk')).toMatchObject({ suspended: false })
    expect(await on.error('clients change kiosk')).toMatchObject({ exitCode: 2, code: 'usage' })
    expect((await on.run('clients list --customer lund')).stdout).toMatch(/^ID .*\nkiosk {2}Kiosk/)
  })

  it('creates a client with its first secret, whose text is on stdout alone', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const create = 'clients create --customer lund --name Kiosk --id kiosk --secret first'
    const { code, stdout, stderr } = await on.run(create)
    expect(code).toBe(0)
    const [text] = /mgs_[0-9a-f]{24}_\w+/.exec(stdout)!
    expect(stderr).toContain('only time')
    expect(stderr).not.toContain(text)
    // The id is taken: neither a client nor a secret is made.
    expect(await on.error(create)).toMatchObject({ exitCode: 1, code: 'exists' })
    const { secrets } = await on.json<{ secrets: unknown[] }>('clients show kiosk')
    expect(secrets).toHaveLength(1)
  })

  it('refuses what does not exist', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const create = 'clients create --name x --customer'
    expect(await on.error(`${create} malmo`)).toMatchObject({ code: 'unknown-customer' })
    expect(await on.error(`${create} lund --scope fly`)).toMatchObject({
      code: 'unknown-scope',
      message: expect.stringContaining('read'),
    })
    expect(await on.error(`${create} lund --api x`)).toMatchObject({ code: 'unknown-api' })
    expect(await on.error('clients show 1')).toMatchObject({ code: 'unknown-client' })
    expect(await on.error('clients list --customer 1')).toMatchObject({ code: 'unknown-customer' })
  })
})
