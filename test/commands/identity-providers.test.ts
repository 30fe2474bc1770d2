import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInstallation, type Installation } from './command-line.ts'

const CREATE =
  'identity-providers create acme --customer lund --issuer https://login.example/t --client-id mapgate --domain acme.example'

describe('identity-providers', () => {
  it('creates, lists, changes and deletes one', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const file = join(on.dataDir, 'secret.txt')
    writeFileSync(file, 'upstream-secret\n')
    const created = await on.json(
      `${CREATE} --domain b.example --role-claim groups --role map-admins=admin --role a=b=viewer --required`,
      '--client-secret-file',
      file,
    )
    expect(created).toMatchObject({
      id: 'acme',
      customerId: 'lund',
      issuer: 'https://login.example/t',
      domains: ['acme.example', 'b.example'],
      roleClaim: 'groups',
      roles: { 'map-admins': 'admin', 'a=b': 'viewer' },
      required: true,
      credentialKind: 'client-secret',
      redirectUri: expect.stringMatching(/\/sign-in\/upstream\/callback\/acme$/),
    })
    expect(JSON.stringify(created)).not.toContain('upstream-secret')
    expect(await on.json('identity-providers list --customer lund')).toMatchObject({
      identityProviders: [{ id: 'acme' }],
      next: null,
    })
    const changed = await on.json(
      'identity-providers change acme --not-required --no-role-claim --domain c.example',
    )
    expect(changed).toMatchObject({ required: false, roleClaim: null, domains: ['c.example'] })
    expect(await on.json('identity-providers show acme')).toEqual(changed)
    expect((await on.run('identity-providers show acme')).stdout).toContain('c.example')
    await on.json('identity-providers delete acme')
    expect(await on.error('identity-providers show acme')).toMatchObject({
      code: 'unknown-identity-provider',
    })
  })

  it('takes a secret from the environment, or a private key from a file', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const environment = { MAPGATE_IDENTITY_PROVIDER_SECRET: 'from-the-environment' }
    const { code } = await on.run(CREATE, { environment })
    expect(code).toBe(0)
    const key = join(on.dataDir, 'key.pem')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }))
    expect(await on.json('identity-providers change acme --private-key-file', key)).toMatchObject({
      credentialKind: 'private-key',
    })
    writeFileSync(key, 'no key')
    expect(await on.error('identity-providers change acme --private-key-file', key)).toMatchObject({
      exitCode: 1,
      code: 'invalid-key',
    })
  })

  describe('refuses', () => {
    let on: Installation

    beforeAll(async () => {
      on = await createInstallation()
      await on.json('customers create Lund --id lund')
    })

    afterAll(() => on[Symbol.asyncDispose]())

    it.each([
      [CREATE, 'usage'],
      [`${CREATE} --client-secret-file /nowhere/secret`, 'unreadable-file'],
      [CREATE.replace('https://login.example/t', 'http://login.example'), 'usage'],
      [CREATE.replace('https://login.example/t', 'https://login.example/?a=b'), 'usage'],
      [CREATE.replace('acme.example', 'acme'), 'usage'],
      [CREATE.replace('create acme', 'create Acme!'), 'usage'],
      [`${CREATE} --role admins=king`, 'usage'],
      ['identity-providers change acme', 'usage'],
      ['identity-providers change acme --required --not-required', 'usage'],
      ['identity-providers change acme --required', 'unknown-identity-provider'],
      ['identity-providers delete acme', 'unknown-identity-provider'],
      ['identity-providers list --customer gone', 'unknown-customer'],
    ])('%s: %s', async (line, code) => {
      expect(await on.error(line)).toMatchObject({ code })
    })
  })

  it('refuses a domain of another, a name that is taken, a customer that is not there', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const file = join(on.dataDir, 'secret.txt')
    writeFileSync(file, 'upstream-secret')
    const secret = ['--client-secret-file', file]
    await on.json(CREATE, ...secret)
    expect(await on.error(CREATE.replace('acme.example', 'b.example'), ...secret)).toMatchObject({
      code: 'exists',
    })
    expect(await on.error(CREATE.replace('create acme', 'create b'), ...secret)).toMatchObject({
      code: 'domain-taken',
    })
    expect(await on.error(CREATE.replace('lund', 'gone'), ...secret)).toMatchObject({
      code: 'unknown-customer',
    })
  })
})
