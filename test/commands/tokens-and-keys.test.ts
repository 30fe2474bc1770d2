import { describe, expect, it } from 'vitest'
import { freePort, startServer } from '../support/server.ts'
import { createClient, createInstallation, installationOf } from './command-line.ts'

interface Shown {
  accepted: boolean
  reason: string | null
  claims: { jti: string; scope: string }
}

describe('token', () => {
  it('gets, shows and revokes a token of a running server', async () => {
    await using server = await startServer()
    const on = installationOf(server.environment)
    const { text } = await createClient(on)
    const answered = await on.run(
      ['token', 'get', '--client', '4711', '--secret-stdin', '--json'],
      {
        input: `${text}\n`,
      },
    )
    const { access_token: token } = JSON.parse(answered.stdout) as { access_token: string }
    const shown = await on.json<Shown>(`token show ${token}`)
    expect(shown).toMatchObject({ accepted: true, reason: null, claims: { scope: 'read' } })

    const piped = await on.run('token revoke -', { input: token })
    expect(piped).toMatchObject({ code: 0, stdout: expect.stringContaining(shown.claims.jti) })
    expect(await on.json<Shown>(`token show ${token}`)).toMatchObject({
      accepted: false,
      reason: 'revoked',
    })
    expect(await on.error(`token revoke ${token}`)).toMatchObject({ exitCode: 1, code: 'revoked' })

    const wrong = await on.run('token get --client 4711 --json', {
      environment: { MAPGATE_CLIENT_SECRET: 'wrong' },
    })
    expect(wrong.code).toBe(1)
    expect(JSON.parse(wrong.stderr)).toMatchObject({ error: { code: 'invalid_client' } })
  })

  it('revokes a token that is refused only while its client is suspended', async () => {
    await using server = await startServer()
    const on = installationOf(server.environment)
    const { text } = await createClient(on)
    const { stdout } = await on.run('token get --client 4711 --json', {
      environment: { MAPGATE_CLIENT_SECRET: text },
    })
    const { access_token: token } = JSON.parse(stdout) as { access_token: string }
    await on.json('clients suspend 4711')
    await on.json(`token revoke ${token}`)
    await on.json('clients resume 4711')
    expect(await on.json<Shown>(`token show ${token}`)).toMatchObject({ reason: 'revoked' })
  })

  it('says why it cannot', async () => {
    await using on = await createInstallation()
    expect(await on.error('token get --client 1')).toMatchObject({ exitCode: 2 })
    const url = `http://127.0.0.1:${await freePort()}`
    const unreachable = await on.run(`token get --client 1 --url ${url}`, {
      environment: { MAPGATE_CLIENT_SECRET: 'mgs_secret' },
    })
    expect(unreachable).toMatchObject({ code: 1, stderr: expect.stringContaining(url) })
    expect(unreachable.stderr).not.toContain('mgs_secret')
    expect(await on.error('token show x.y.z')).toMatchObject({ code: 'malformed' })
    const foreign = `${encode({ alg: 'ES256', kid: 'k' })}.${encode({ sub: 'a' })}.AAAA`
    expect(await on.json(`token show ${foreign}`)).toMatchObject({
      accepted: false,
      reason: 'unknown_key',
      claims: { sub: 'a' },
    })
    expect(await on.error(`token revoke ${foreign}`)).toMatchObject({ code: 'unknown_key' })
  })
})

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('keys', () => {
  it('lists and rotates them', async () => {
    await using on = await createInstallation()
    interface Keys {
      keys: { kid: string; algorithm: string; phase: string }[]
    }
    const { keys: before } = await on.json<Keys>('keys list')
    expect(before.map((key) => key.algorithm).sort()).toEqual(['ES256', 'RS256'])
    const { keys: rotated } = await on.json<Keys>('keys rotate --algorithm ES256')
    const es256 = before.find((key) => key.algorithm === 'ES256')!
    expect(rotated.find((key) => key.kid === es256.kid)).toMatchObject({ phase: 'retained' })
    const { keys: revoked } = await on.json<Keys>('keys rotate --revoke')
    const known = new Set([...before, ...rotated].map((key) => key.kid))
    expect(revoked).toHaveLength(2)
    expect(revoked.some((key) => known.has(key.kid))).toBe(false)
    expect(await on.error('keys rotate --algorithm EdDSA')).toMatchObject({
      code: 'unused-algorithm',
    })
    expect(await on.error('keys rotate --algorithm none')).toMatchObject({ exitCode: 2 })
  })
})
