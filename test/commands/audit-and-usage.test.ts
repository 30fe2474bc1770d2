import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openTestAccess } from '../support/access.ts'
import { createClient, createInstallation, installationOf } from './command-line.ts'

describe('audit', () => {
  it('verifies the log, and finds what was changed or cut off', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const intact = await on.json<{ kind: string; head: string }>('audit verify')
    expect(intact).toMatchObject({
      kind: 'intact',
      head: expect.stringMatching(/^\d+:[0-9a-f]{64}$/),
    })
    const sequence = Number.parseInt(intact.head, 10)
    await on.json(`audit verify --head ${intact.head}`)
    expect(await on.error('audit verify --head x')).toMatchObject({ exitCode: 2 })

    const database = new DatabaseSync(join(on.dataDir, 'mapgate.sqlite'))
    database.exec(`delete from audit_events where sequence = ${sequence}`)
    const cut = await on.run(`audit verify --head ${intact.head} --json`)
    expect(cut.code).toBe(1)
    expect(JSON.parse(cut.stdout)).toMatchObject({ kind: 'broken', sequence, reason: 'missing' })
    database.exec(`update audit_events set actor_id = 'eve' where sequence = 2`)
    database.close()
    const changed = await on.run('audit verify')
    expect(changed).toMatchObject({ code: 1, stdout: expect.stringContaining('event 2') })
  })

  it('lists by filter, and page by page', async () => {
    await using on = await createInstallation()
    const secret = await createClient(on)
    interface Events {
      events: { sequence: number; action: string }[]
    }
    const { events } = await on.json<Events>('audit list --limit 1')
    expect(events).toMatchObject([{ action: 'secret.create' }])
    const before = String(events[0]!.sequence)
    expect(await on.json<Events>(`audit list --limit 1 --before ${before}`)).toMatchObject({
      events: [{ action: 'client.create' }],
    })
    expect(await on.json<Events>(`audit list --object ${secret.id}`)).toMatchObject({
      events: [{ action: 'secret.create' }],
    })
    expect((await on.run('audit list --action x')).stdout).toContain('No such events.')
    expect(await on.error('audit list --limit 0')).toMatchObject({ exitCode: 2 })
  })
})

describe.each(['sqlite', 'postgres'] as const)('usage (%s)', (kind) => {
  it('sums up what was counted', async () => {
    await using empty = await createInstallation(kind)
    const url = empty.environment['MAPGATE_DATABASE_URL']
    // Both are to open the same data.
    const on = installationOf({
      ...empty.environment,
      MAPGATE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
    })
    {
      await using access = await openTestAccess(
        url
          ? { kind: 'postgres', url, connections: 2 }
          : { kind: 'sqlite', file: join(on.dataDir, 'mapgate.sqlite') },
      )
      access.usage.count('4711', 's', 'maps.items', 200, 3)
      access.usage.count('4711', 's', 'maps.items', 429, 1)
      access.usage.count('4712', 's', 'maps.items', 200, 3)
      await access.usage.flush()
    }
    expect(await on.json('usage')).toMatchObject({
      resolution: 'hour',
      usage: [
        { clientId: '4711', endpoint: 'maps.items', status: 200, requests: 1 },
        { clientId: '4711', endpoint: 'maps.items', status: 429, requests: 1 },
        { clientId: '4712', requests: 1 },
      ],
    })
    expect(await on.json('usage --from 1h --client 4711 --group-by none')).toMatchObject({
      resolution: 'minute',
      usage: [{ requests: 2 }],
    })
    const human = await on.run('usage --group-by client,period --resolution day')
    expect(human.stdout).toMatch(/^CLIENT {2}PERIOD .*\n4711 /)
    const nothing = await on.run('usage --from 2020-01-01 --to 2020-02-01')
    expect(nothing.stdout).toContain('No requests from 2020-01-01T00:00:00Z')
    expect(await on.error('usage --from 2026-02-01 --to 2026-01-01')).toMatchObject({
      exitCode: 2,
      code: 'usage',
    })
    expect(await on.error('usage --group-by colour')).toMatchObject({ exitCode: 2 })
  })
})

describe('limits', () => {
  it('sets, lists and removes them', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const target = '--client 4711 --endpoint maps.items'
    expect(await on.json(`limits set ${target} --quota 600 --window 1m`)).toEqual({
      clientId: '4711',
      endpoint: 'maps.items',
      quota: 600,
      windowSeconds: 60,
    })
    expect(await on.json('limits list --client 4711')).toMatchObject({
      default: { quota: 20, windowSeconds: 60 },
      limits: [{ endpoint: 'maps.items', quota: 600, source: 'run time' }],
    })
    expect(await on.json('clients show 4711')).toMatchObject({ limits: [{ quota: 600 }] })
    expect(await on.json('audit list --action limit.set')).toMatchObject({
      events: [{ customerId: 'lund', details: { quota: 600 } }],
    })
    await on.json(`limits remove ${target}`)
    expect(await on.error(`limits remove ${target}`)).toMatchObject({
      exitCode: 1,
      code: 'unknown-limit',
    })
    expect(await on.error('limits set --client 1 --quota 1 --window 1s')).toMatchObject({
      code: 'unknown-client',
    })
    expect(await on.error('limits set --quota 0 --window 1s')).toMatchObject({
      exitCode: 2,
    })
  })
})
