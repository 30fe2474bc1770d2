import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type RunningServer, startServer, temporaryFolder } from '../support/server.ts'
import { createInstallation, installationOf, type Installation } from './command-line.ts'

interface Account {
  id: string
  email: string
  operator: boolean
  suspended: boolean
}

const setUp = (on: Installation, email = 'ann@lund.example') =>
  on.json<{ account: Account; passwordUrl: string }>(`setup --email ${email} --name`, 'Ann Lund')

describe.each(['sqlite', 'postgres'] as const)('accounts (%s)', (kind) => {
  it('are set up, listed, shown, suspended and deleted', async () => {
    await using on = await createInstallation(kind)
    const { account, passwordUrl } = await setUp(on)
    expect(account).toMatchObject({ name: 'Ann Lund', operator: true, hasPassword: false })
    expect(passwordUrl).toMatch(/^http:\/\/localhost:8080\/reset-password\?token=mgl_\w+$/)
    expect(await on.json('accounts list')).toMatchObject({
      accounts: [{ id: account.id, email: 'ann@lund.example', createdAt: expect.any(String) }],
      next: null,
    })
    expect(await on.json('accounts suspend ANN@lund.example')).toMatchObject({ suspended: true })
    expect(await on.json(`accounts resume ${account.id}`)).toMatchObject({ suspended: false })
    expect(await on.json(`accounts operator ${account.id} --end`)).toMatchObject({
      operator: false,
    })
    expect(await on.json(`accounts show ${account.id}`)).toMatchObject({
      id: account.id,
      memberships: [],
      sessions: [],
    })
    expect(await on.json(`accounts delete ${account.id}`)).toEqual({
      id: account.id,
      deleted: true,
    })
    expect(await on.error(`accounts show ${account.id}`)).toMatchObject({
      exitCode: 1,
      code: 'unknown-account',
    })
  })

  it('are invited to a customer, by a mail in the outbox', async () => {
    await using on = await createInstallation(kind)
    await on.json('customers create Lund --id lund')
    const { invitationUrl } = await on.json<{ invitationUrl: string }>(
      'accounts invite bo@lund.example --customer lund --role developer',
    )
    expect(invitationUrl).toMatch(/^http:\/\/localhost:8080\/invitation\?token=mgl_\w+$/)
    const outbox = join(on.dataDir, 'outbox')
    const [file] = readdirSync(outbox)
    const mail = readFileSync(join(outbox, file!), 'utf8')
    expect(mail).toContain('To: bo@lund.example\n')
    expect(mail.replaceAll(/=\n/g, '').replaceAll('=3D', '=')).toContain(invitationUrl)
    expect(await on.error('accounts invite bo@lund.example --customer x')).toMatchObject({
      code: 'unknown-customer',
    })
    expect(await on.error('accounts invite bo --customer lund')).toMatchObject({ exitCode: 2 })
    expect(
      await on.error('accounts invite bo@lund.example --customer lund --role king'),
    ).toMatchObject({ exitCode: 2 })
  })
})

describe('mapgate setup', () => {
  it('makes a new link for an operator who has no password yet', async () => {
    await using on = await createInstallation()
    const first = await setUp(on)
    const second = await setUp(on)
    expect(second.account.id).toBe(first.account.id)
    expect(second.passwordUrl).not.toBe(first.passwordUrl)
  })

  it('changes nothing about an account that is there', async () => {
    await using on = await createInstallation()
    const { account } = await setUp(on)
    await on.json(`accounts operator ${account.id} --end`)
    expect(await on.error('setup --email ann@lund.example')).toMatchObject({ code: 'exists' })
    expect(await on.json(`accounts show ${account.id}`)).toMatchObject({ operator: false })
  })

  it('wants an address', async () => {
    await using on = await createInstallation()
    expect(await on.error('setup --email ann')).toMatchObject({ exitCode: 2 })
    expect(await on.error('setup')).toMatchObject({ exitCode: 2 })
  })
})

describe('mapgate accounts', () => {
  it('prints for people', async () => {
    await using on = await createInstallation()
    expect((await on.run('accounts list')).stdout).toContain('mapgate setup --email')
    await setUp(on)
    const { stdout } = await on.run('accounts show ann@lund.example')
    expect(stdout).toMatch(/^operator: +yes$/m)
    const reset = await on.run('accounts reset-password ann@lund.example')
    expect(reset.stdout).toMatch(/^link: http:\/\/localhost:8080\/reset-password\?token=mgl_\w+$/m)
    expect(reset.stderr).toContain('a channel you trust')
  })
})

describe('a start of the server', () => {
  it('tells a new link for the first operator, until there is one', async () => {
    const dataDir = temporaryFolder()
    await using on = installationOf({ PATH: process.env.PATH!, MAPGATE_DATA_DIR: dataDir })
    const [first, second] = [await linksOf({ dataDir }), await linksOf({ dataDir })]
    expect(first).toHaveLength(1)
    expect(second).toHaveLength(1)
    expect(second).not.toEqual(first)
    await setUp(on)
    expect(await linksOf({ dataDir })).toEqual([])
  })
})

/** The links that a server tells from its start to its end. */
async function linksOf(options: { dataDir: string }): Promise<string[]> {
  await using server: RunningServer = await startServer(options)
  await server.stop()
  return server.log().match(/\/setup\?token=mgl_\w{43}/g) ?? []
}
