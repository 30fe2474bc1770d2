import { chmod, readdir, rm, writeFile } from 'node:fs/promises'
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
  const { code, stdout } = await on.run(['doctor', '--json'], options)
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
    const { stdout, code } = await installationOf(server.environment).run(['doctor'])
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

  it('leaves tables of other versions as they are', async () => {
    await using on = await createInstallation()
    await createClient(on)
    const database = new DatabaseSync(join(on.dataDir, 'mapgate.sqlite'))
    database.exec(`insert into migrations (name, at) values ('9999-later', 0)`)
    expect((await examine(on)).failures).toMatchObject([
      { check: 'database', message: expect.stringContaining('9999-later') },
    ])
    database.exec(`delete from migrations`)
    database.exec(`insert into migrations (name, at) values ('0001-access', 0)`)
    database.exec(`update migrations set name = '0001-access'`)
    database.close()
    expect((await examine(on)).findings).toContainEqual(
      expect.objectContaining({ check: 'database' }),
    )
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

describe('the program', () => {
  it('has help with examples for every command', async () => {
    await using on = await createInstallation()
    const commandsOf = (help: string) =>
      [...(help.split('Commands:\n')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)]
        .map(([, name]) => name!)
        .filter((name) => name !== 'help' && name !== 'serve')
    const leaves: string[] = []
    const { stdout } = await on.run(['--help'])
    for (const name of commandsOf(stdout)) {
      const group = await on.run([name, '--help'])
      const inner = commandsOf(group.stdout)
      if (inner.length === 0) expect(group.stdout).toContain('Examples:\n  $ mapgate')
      leaves.push(...inner.map((action) => `${name} ${action}`))
    }
    expect(leaves.length).toBeGreaterThan(25)
    for (const leaf of leaves) {
      const help = (await on.run([...leaf.split(' '), '--help'])).stdout
      expect(help).toContain(`Examples:\n  $ mapgate ${leaf}`)
      expect(help).toContain('--json')
    }
  })

  it('ends misuse with exit code 2, on stderr alone', async () => {
    await using on = await createInstallation()
    for (const args of [['fly'], ['clients'], ['clients', 'list', '--colour'], []]) {
      const { code, stdout, stderr } = await on.run(args)
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
      expect(stderr).not.toBe('')
    }
    expect(await readdir(on.dataDir)).toEqual([])
  })

  it('ends a wrong configuration with its problems', async () => {
    await using on = await createInstallation()
    const { code, stderr } = await on.run(['keys', 'list', '--json'], {
      environment: { MAPGATE_LIMITS_STORE: 'paper' },
    })
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'configuration', problems: [expect.stringContaining('limits.store')] },
    })
  })
})
