import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { freePort, startServer } from '../support/server.ts'
import {
  createClient,
  createInstallation,
  type Installation,
  installationOf,
} from './command-line.ts'

interface Finding {
  check: string
  level: 'ok' | 'warn' | 'fail'
  message: string
  advice?: string
}

/** What the doctor finds when no server runs. */
async function examine(on: Installation, environment: object = {}) {
  const options = { environment: { PORT: String(await freePort()), ...environment } }
  const { code, stdout } = await on.run('doctor --json', options)
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  const failures = findings.filter(({ level }) => level === 'fail')
  expect(code).toBe(failures.length > 0 ? 1 : 0)
  expect(findings.every(({ level, advice }) => (level === 'ok') === (advice === undefined))).toBe(
    true,
  )
  return { findings, failures }
}

describe.each(['sqlite', 'postgres'] as const)('doctor (%s)', (kind) => {
  it('makes nothing where nothing is, and finds a good installation good', async () => {
    await using on = await createInstallation(kind)
    const empty = await examine(on)
    expect(empty.failures).toEqual([])
    expect(empty.findings).toContainEqual(
      expect.objectContaining({
        check: 'database',
        message: expect.stringMatching(/nothing|empty/),
      }),
    )
    expect(await readdir(on.dataDir)).toEqual([])
    await createClient(on)
    const { findings, failures } = await examine(on)
    expect(failures).toEqual([])
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'audit log',
        level: 'ok',
        message: expect.stringContaining('intact'),
      }),
    )
    expect(findings.filter(({ check }) => check === 'signing keys')).toHaveLength(2)
    expect(findings).toContainEqual(expect.objectContaining({ check: 'server', level: 'warn' }))
  })
})

describe('doctor', () => {
  it('finds a running server', async () => {
    await using server = await startServer()
    const { stdout, code } = await installationOf(server.environment).run('doctor')
    expect(stdout).toContain(`ok    server: ready at ${server.url}/ready`)
    expect(code).toBe(0)
  })

  it('makes no folder either', async () => {
    await using on = await createInstallation()
    await rm(on.dataDir, { recursive: true })
    expect((await examine(on)).failures).toEqual([])
    await expect(readdir(on.dataDir)).rejects.toThrow('ENOENT')
  })

  it('lists every problem of the configuration', async () => {
    await using on = await createInstallation()
    const { failures } = await examine(on, { PORT: 'x', MAPGATE_LOG_LEVEL: 'loud' })
    expect(failures.map(({ check }) => check)).toEqual(['configuration', 'configuration'])
  })

  it('finds a master key that others can read, a wrong one, and none', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const file = join(on.dataDir, 'master.key')
    await chmod(file, 0o644)
    expect((await examine(on)).failures).toMatchObject([
      { check: 'master key', advice: `chmod 600 ${file}` },
    ])
    await chmod(file, 0o600)
    await writeFile(file, Buffer.alloc(32, 9).toString('base64url'))
    expect((await examine(on)).failures).toMatchObject([{ check: 'master key' }])
    await rm(file)
    expect((await examine(on)).failures).toMatchObject([{ check: 'master key' }])
    expect(await readdir(on.dataDir)).not.toContain('master.key')
  })

  it('finds a broken audit log and a clock that went back', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const database = new DatabaseSync(join(on.dataDir, 'mapgate.sqlite'))
    database.exec(
      `update audit_events set at = at + 86400000 where sequence = (select max(sequence) from audit_events)`,
    )
    database.close()
    const { failures } = await examine(on)
    expect(failures.map(({ check }) => check)).toEqual(['clock', 'audit log'])
  })

  it('finds imports that cannot be carried out', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const folder = join(on.dataDir, 'imports')
    await mkdir(folder)
    await writeFile(join(folder, 'node-id'), 'here')
    await writeFile(join(folder, 'there'), '{}')
    using database = new DatabaseSync(join(on.dataDir, 'mapgate.sqlite'))
    const insert = database.prepare(
      `insert into import_jobs (id, collection_id, collection_created_at, busy_collection_id,
        customer_id, node, node_heard_at, state, options, actor, total_bytes, progress, attempts,
        created_at)
      values (?1, ?1, 0, ?1, 'lund', ?2, ?3, 'queued', '{}', '{}', 1, '{}', 0, 0)`,
    )
    insert.run('there', 'here', 0)
    insert.run('away', 'elsewhere', Date.now())
    const imports = async () =>
      (await examine(on)).findings.filter(({ check }) => check === 'imports')
    expect(await imports()).toMatchObject([{ level: 'ok', message: '2 that have not ended' }])
    insert.run('lost', 'here', 0)
    insert.run('silent', 'elsewhere', Date.now() - 700_000)
    expect(await imports()).toMatchObject([
      { level: 'warn', message: expect.stringContaining('1 wait whose files are not in') },
      { level: 'warn', message: expect.stringContaining('1 wait on nodes that were not heard of') },
    ])
  })

  it('refuses tables of a newer version', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const database = new DatabaseSync(join(on.dataDir, 'mapgate.sqlite'))
    database.exec(`insert into migrations (name, at) values ('9999-later', 0)`)
    const migrations = () => database.prepare('select name from migrations').all()
    const before = migrations()
    expect((await examine(on)).failures).toMatchObject([
      { check: 'database', message: expect.stringContaining('9999-later') },
    ])
    expect(migrations()).toEqual(before)
    database.close()
  })

  it('says why a database cannot be opened', async () => {
    await using on = await createInstallation()
    const { failures } = await examine(on, {
      MAPGATE_DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/x`,
      MAPGATE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
    })
    expect(failures).toMatchObject([
      { check: 'database', message: expect.stringContaining('ECONNREFUSED') },
    ])
    await writeFile(join(on.dataDir, 'mapgate.sqlite'), 'no database at all '.repeat(100))
    expect((await examine(on)).failures).toMatchObject([{ check: 'database' }])
  })
})
