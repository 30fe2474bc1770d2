import { describe, expect, it } from 'vitest'
import { createClient, createInstallation } from './command-line.ts'

interface Shown {
  clientId: string
  clientToken: string
  scopes: string[]
  webOrigins: string[]
}

describe.each(['sqlite', 'postgres'] as const)('client-token (%s)', (kind) => {
  it('shows the token again and again, replaces and limits it', async () => {
    await using on = await createInstallation(kind)
    await createClient(on)
    await on.json('clients change 4711', '--scope', 'read write')
    const shown = await on.json<Shown>('client-token show --client 4711')
    expect(shown).toEqual({
      clientId: '4711',
      clientToken: expect.stringMatching(/^MG\|4711\|[0-9a-f]{32}$/),
      scopes: ['read'],
      webOrigins: [],
    })
    expect((await on.run('client-token show --client 4711')).stdout).toContain(shown.clientToken)

    const { clientToken } = await on.json<Shown>('client-token regenerate --client 4711')
    expect(clientToken).not.toBe(shown.clientToken)
    const limited = await on.json<Shown>(
      'client-token limit --client 4711 --scope none --origin https://Maps.example.com',
    )
    expect(limited).toEqual({
      clientId: '4711',
      clientToken,
      scopes: [],
      webOrigins: ['https://maps.example.com'],
    })
    expect(
      await on.json<Shown>('client-token limit --client 4711 --scope default --origin any'),
    ).toMatchObject({ scopes: ['read'], webOrigins: [] })
  })
})

describe('client-token', () => {
  it('refuses what a client token cannot have', async () => {
    await using on = await createInstallation()
    await createClient(on)
    await on.json('clients change 4711', '--scope', 'read write manage')
    for (const [line, code] of [
      ['show --client 404', 'unknown-client'],
      ['regenerate --client 404', 'unknown-client'],
      ['limit --client 404 --scope read', 'unknown-client'],
      ['limit --client 4711 --scope manage', 'not-for-client-tokens'],
      ['limit --client 4711 --scope write', 'not-for-client-tokens'],
      ['limit --client 4711 --origin https://example.com/app', 'bad-origin'],
    ]) {
      expect(await on.error(`client-token ${line}`), line).toMatchObject({ exitCode: 1, code })
    }
  })
})
