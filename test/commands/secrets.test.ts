import { describe, expect, it } from 'vitest'
import { createClient, createInstallation } from './command-line.ts'

interface Secret {
  id: string
  text: string
  description: string
  expiresAt: string | null
  state: string
}

describe.each(['sqlite', 'postgres'] as const)('secrets (%s)', (kind) => {
  it('creates, lists, rolls and deletes them', async () => {
    await using on = await createInstallation(kind)
    const first = await createClient(on)
    const { secret: second } = await on.json<{ secret: Secret }>(
      'secrets create --client 4711 --description build --expires-in 90',
    )
    expect(second.text).toMatch(/^mgs_/)
    expect(second.expiresAt).toMatch(/Z$/)

    const listed = await on.run('secrets list --client 4711 --json')
    expect(JSON.parse(listed.stdout)).toMatchObject({
      secrets: [{ id: first.id }, { id: second.id }],
    })
    expect(listed.stdout).not.toContain(first.text)

    const { secret: rolled, retired } = await on.json<{ secret: Secret; retired: Secret[] }>(
      'secrets roll --client 4711 --overlap 2h',
    )
    expect(retired.map(({ id, state }) => ({ id, state }))).toEqual(
      expect.arrayContaining([
        { id: first.id, state: 'retiring' },
        { id: second.id, state: 'retiring' },
      ]),
    )
    await on.json(`secrets delete ${first.id} --client 4711 --revoke-tokens`)
    expect(await on.error(`secrets delete ${first.id} --client 4711`)).toMatchObject({
      exitCode: 1,
      code: 'unknown-secret',
    })
    const { secrets: all } = await on.json<{ secrets: Secret[] }>(
      'secrets list --client 4711 --all',
    )
    expect(Object.fromEntries(all.map(({ id, state }) => [id, state]))).toEqual({
      [first.id]: 'revoked',
      [second.id]: 'retiring',
      [rolled.id]: 'active',
    })
  })
})

describe('secrets', () => {
  it('warns when a client is left without one', async () => {
    await using on = await createInstallation()
    const { id } = await createClient(on)
    const { warnings } = await on.json<{ warnings: string[] }>(`secrets delete ${id} --client 4711`)
    expect(warnings).toEqual([expect.stringContaining('no secret left')])
    expect((await on.run('secrets list --client 4711')).stdout).toContain('No secrets.')
  })

  it('refuses an unknown client and a duration that is none', async () => {
    await using on = await createInstallation()
    for (const action of ['create', 'list', 'roll']) {
      expect(await on.error(`secrets ${action} --client 1`)).toMatchObject({
        exitCode: 1,
        code: 'unknown-client',
      })
    }
    for (const overlap of ['31d', '5', 'x']) {
      expect(await on.error(`secrets roll --client 1 --overlap ${overlap}`)).toMatchObject({
        exitCode: 2,
        code: 'usage',
      })
    }
  })
})
