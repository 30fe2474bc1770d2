import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createInstallation } from './command-line.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

describe('how a client logs in', () => {
  it('is set when it is made, and changed', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const created = await on.json(
      'clients create --customer lund --name App --id app --public --grant',
      'authorization_code refresh_token device_code',
      ...['--redirect-uri', 'https://app.example/a,b', '--redirect-uri', 'com.example.app:/cb'],
      ...['--post-logout-redirect-uri', 'https://app.example/bye', '--refresh-mode', 'keep'],
      ...['--id-token-algorithm', 'RS256', '--web-origin', 'https://app.example'],
    )
    expect(created).toMatchObject({
      type: 'public',
      authMethod: 'none',
      grants: ['authorization_code', 'refresh_token', DEVICE],
      redirectUris: ['https://app.example/a,b', 'com.example.app:/cb'],
      postLogoutRedirectUris: ['https://app.example/bye'],
      refreshMode: 'keep',
      idTokenAlgorithm: 'RS256',
      webOrigins: ['https://app.example'],
      requirePkce: true,
    })
    const change = 'clients change app --require-par --redirect-uri https://app.example/cb'
    expect(await on.json(`${change} --id-token-algorithm default --web-origin`, '')).toMatchObject({
      requirePar: true,
      redirectUris: ['https://app.example/cb'],
      idTokenAlgorithm: null,
      webOrigins: [],
      refreshMode: 'keep',
    })
    expect((await on.run('clients show app')).stdout).toContain('pushed requests required')
  })

  it('is by a key, of which a profile makes more', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const file = join(on.dataDir, 'jwks.json')
    writeFileSync(file, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }))
    const create = 'clients create --customer lund --name Bank --id bank --profile fapi2'
    expect(await on.json(`${create} --jwks-file ${file}`)).toMatchObject({
      profile: 'fapi2',
      authMethod: 'private_key_jwt',
      requirePar: true,
      dpopBound: true,
      refreshMode: 'keep',
      jwks: { keys: [{ kty: 'EC' }] },
    })
    expect(await on.error('clients change bank --no-dpop-bound')).toMatchObject({
      exitCode: 1,
      code: 'invalid-client',
      message: expect.stringContaining('--dpop-bound'),
    })
    writeFileSync(file, JSON.stringify({ keys: [privateKey.export({ format: 'jwk' })] }))
    expect(await on.error(`clients change bank --jwks-file ${file}`)).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('public'),
    })
  })

  it('is refused when it does not fit together, and nothing is made', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const create = 'clients create --customer lund --name App'
    for (const [options, named] of [
      ['--grant authorization_code', '--redirect-uri'],
      ['--redirect-uri http://app.example/', '--redirect-uri'],
      ['--public --no-require-pkce', '--require-pkce'],
      ['--public --grant client_credentials', '--grant'],
      ['--auth-method private_key_jwt', '--jwks-file'],
      ['--jwks-uri https://127.0.0.1/jwks', '--jwks-uri'],
      ['--grant implicit', '--grant'],
    ]) {
      expect(await on.error(`${create} ${options}`)).toMatchObject({
        code: 'invalid-client',
        message: expect.stringContaining(named!),
      })
    }
    expect(await on.json('clients list')).toMatchObject({ clients: [] })
  })
})

describe('the areas of a client', () => {
  const ring = [
    [10, 55],
    [13, 55],
    [13, 56],
    [10, 55],
  ]
  const geometry = { type: 'Polygon', coordinates: [ring] }
  const feature = { type: 'Feature', properties: {}, geometry }

  it('come from GeoJSON files, are shown, and taken away', async () => {
    await using on = await createInstallation()
    const file = (name: string, value: object) => {
      writeFileSync(join(on.dataDir, name), JSON.stringify(value))
      return join(on.dataDir, name)
    }
    await on.json('customers create Lund --id lund')
    const collection = { type: 'FeatureCollection', features: [feature] }
    const created = await on.json<{ areaIds: string[] }>(
      'clients create --customer lund --name App --id app',
      ...['--area', file('sund.geojson', geometry), '--area', file('again.json', collection)],
    )
    expect(created.areaIds).toHaveLength(2)
    const shown = await on.json('clients show app')
    expect(shown).toMatchObject({
      areas: [
        { name: 'sund', geometry },
        { name: 'again', geometry },
      ],
    })
    expect((await on.run('clients show app')).stdout).toMatch(/^sund +10,55,13,56 /m)
    expect(await on.json('clients change app --name Other')).toMatchObject({
      areaIds: created.areaIds,
    })
    expect(
      await on.json('clients change app --area', join(on.dataDir, 'again.json')),
    ).toMatchObject({ areaIds: created.areaIds.slice(1) })
    expect(await on.json('clients change app --area', '')).toMatchObject({ areaIds: [] })
  })

  it('are refused when they are none, and nothing is changed', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    await on.json('clients create --customer lund --name App --id app')
    const open = { type: 'Polygon', coordinates: [ring.slice(1)] }
    const two = { type: 'FeatureCollection', features: [feature, feature] }
    const faults: [object, string][] = [
      [open, 'four positions'],
      [two, 'one feature'],
      [{ type: 'Point', coordinates: [1, 2] }, 'Polygon'],
    ]
    for (const [value, named] of faults) {
      const file = join(on.dataDir, 'area.json')
      writeFileSync(file, JSON.stringify(value))
      expect(await on.error('clients change app --area', file)).toMatchObject({
        exitCode: 2,
        message: expect.stringContaining(named),
      })
    }
    expect(await on.error('clients change app --area no-such-file')).toMatchObject({ exitCode: 2 })
    expect(await on.json('clients show app')).toMatchObject({ areaIds: [], areas: [] })
  })
})

describe('registration tokens', () => {
  it('are shown once, listed and deleted', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const create = 'registration-tokens create --customer'
    const token = await on.json<{ id: string; text: string }>(`${create} lund --uses 0`)
    expect(token).toMatchObject({
      customerId: 'lund',
      usesLeft: null,
      text: expect.stringMatching(/^mgi_[0-9A-Za-z]{43}$/),
      expiresAt: expect.stringMatching(/Z$/),
    })
    const listed = await on.run('registration-tokens list --customer lund')
    expect(listed.stdout).toContain(token.id)
    expect(listed.stdout).not.toContain(token.text)
    expect(await on.error(`${create} malmo`)).toMatchObject({ code: 'unknown-customer' })
    await on.json(`registration-tokens delete ${token.id}`)
    expect(await on.error(`registration-tokens delete ${token.id}`)).toMatchObject({
      code: 'unknown-token',
    })
    const { events } = await on.json<{ events: { action: string }[] }>('audit list --customer lund')
    expect(events.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['registration-token.create', 'registration-token.delete']),
    )
  })
})
