import { expect, it } from 'vitest'
import { createMetadataDocuments } from '../../server/access/clients/metadata-documents.ts'
import type { RequestedClient } from '../../server/access/clients/registration.ts'
import { commandLine, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const requested: RequestedClient = {
  type: 'confidential',
  authMethod: 'client_secret',
  displayName: 'App',
  website: '',
  scopes: ['read'],
  grants: ['authorization_code'],
  redirectUris: ['https://app.example/cb'],
}

const registration = (maximumOpen: number) => ({
  registration: { open: true, customer: 'registered', scopes: ['read'], maximumOpen },
})

describeDatabases('registrations', (_kind, locate) => {
  it('use an initial access token as often as it allows, however many try at once', async () => {
    const location = await locate()
    await using access = await openTestAccess(location)
    await using other = await openTestAccess(location)
    await access.customers.create(commandLine, { id: 'c', name: 'C' })
    const created = await access.initialAccessTokens.create(commandLine, {
      customerId: 'c',
      description: '',
      uses: 3,
      expiresAt: Date.now() + 60_000,
    })
    if (created.kind !== 'created') throw new Error(created.kind)
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? access : other).registrations.register(
          commandLine,
          created.text,
          requested,
        ),
      ),
    )
    const registered = outcomes.filter(({ kind }) => kind === 'registered')
    expect(registered).toHaveLength(3)
    expect(await access.clients.list({ customerId: 'c', after: null, limit: 100 })).toHaveLength(3)
    expect(await access.initialAccessTokens.list('c')).toMatchObject([{ usesLeft: 0 }])
    expect(await access.initialAccessTokens.isUsable(created.text)).toBe(false)
  })

  it('refuse a token that has expired or is another kind of ticket', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    await access.customers.create(commandLine, { id: 'c', name: 'C' })
    const created = await access.initialAccessTokens.create(commandLine, {
      customerId: 'c',
      description: '',
      uses: null,
      expiresAt: clock.now() + 60_000,
    })
    if (created.kind !== 'created') throw new Error(created.kind)
    const { registrations } = access
    const first = await registrations.register(commandLine, created.text, requested)
    if (first.kind !== 'registered') throw new Error(first.kind)
    expect(first.client).toMatchObject({ customerId: 'c', registration: 'dynamic' })
    expect(await registrations.find(first.client.id, created.text)).toBeNull()
    expect(await registrations.find(first.client.id, first.registrationToken)).toMatchObject({
      id: first.client.id,
    })
    const wrong = await registrations.register(commandLine, first.registrationToken, requested)
    expect(wrong.kind).toBe('token-refused')
    clock.advance(60_000)
    const late = await registrations.register(commandLine, created.text, requested)
    expect(late.kind).toBe('token-refused')
  })

  it('are bounded where they are open, and make their customer when it is needed', async () => {
    await using access = await openTestAccess(await locate(), { settings: registration(2) })
    const outcomes = []
    for (let count = 0; count < 3; count++) {
      outcomes.push(await access.registrations.register(commandLine, null, requested))
    }
    expect(outcomes.map(({ kind }) => kind)).toEqual(['registered', 'registered', 'full'])
    expect(await access.customers.find('registered')).not.toBeNull()
  })

  it('keep how the client logs in when they are replaced', async () => {
    await using access = await openTestAccess(await locate(), { settings: registration(10) })
    const { registrations } = access
    const open: RequestedClient = { ...requested, type: 'public', authMethod: 'none' }
    const outcome = await registrations.register(commandLine, null, open)
    if (outcome.kind !== 'registered') throw new Error(outcome.kind)
    const replace = (changed: RequestedClient) =>
      registrations.replace(commandLine, outcome.client.id, changed)
    expect((await replace(requested)).kind).toBe('method-change')
    const replaced = await replace({ ...open, displayName: 'Renamed', scopes: [] })
    expect(replaced).toMatchObject({
      kind: 'replaced',
      client: { displayName: 'Renamed', scopes: [], type: 'public' },
    })
  })

  it('leave what an operator set when they are replaced', async () => {
    await using access = await openTestAccess(await locate(), { settings: registration(10) })
    const { registrations, clients } = access
    const keyed: RequestedClient = {
      ...requested,
      authMethod: 'private_key_jwt',
      jwksUri: 'https://app.example/jwks',
      scopes: ['read', 'upload'],
    }
    const outcome = await registrations.register(commandLine, null, keyed)
    if (outcome.kind !== 'registered') throw new Error(outcome.kind)
    const { id } = outcome.client
    const webOrigins = ['https://app.example']
    await clients.change(commandLine, id, { webOrigins, scopes: ['read'] })
    const replaced = await registrations.replace(commandLine, id, keyed)
    expect(replaced).toMatchObject({ kind: 'replaced', client: { webOrigins, scopes: ['read'] } })

    const strict = { requirePar: true, dpopBound: true, refreshMode: 'keep' } as const
    await clients.change(commandLine, id, { profile: 'fapi2', ...strict })
    const weaker = { ...keyed, requirePar: false, dpopBound: false }
    expect((await registrations.replace(commandLine, id, weaker)).kind).toBe('replaced')
    expect(await clients.find(id)).toMatchObject({ profile: 'fapi2', ...strict })
    const plain = { ...keyed, redirectUris: ['http://127.0.0.1/cb'] }
    expect(await registrations.replace(commandLine, id, plain)).toMatchObject({
      kind: 'refused',
      fault: { member: 'redirectUris' },
    })
  })

  it('give back no grant that an operator took, and loosen nothing', async () => {
    await using access = await openTestAccess(await locate(), { settings: registration(10) })
    const { registrations, clients } = access
    const loose: RequestedClient = {
      ...requested,
      grants: ['authorization_code', 'client_credentials'],
      requirePkce: false,
    }
    const outcome = await registrations.register(commandLine, null, loose)
    if (outcome.kind !== 'registered') throw new Error(outcome.kind)
    const { id } = outcome.client
    const strict = {
      grants: ['authorization_code'],
      requirePkce: true,
      requirePar: true,
      dpopBound: true,
    } as const
    await clients.change(commandLine, id, strict)
    const again = await registrations.replace(commandLine, id, loose)
    expect(again).toMatchObject({ kind: 'replaced', client: strict })
    expect(
      await registrations.replace(commandLine, id, { ...loose, grants: ['client_credentials'] }),
    ).toMatchObject({ kind: 'refused', fault: { member: 'grants' } })
    expect(await clients.find(id)).toMatchObject(strict)
  })
})

describeDatabases('clients of metadata documents', (_kind, locate) => {
  const id = 'https://app.example/client.json'
  const address = '192.0.2.1'

  /** The document as it is served; null: it cannot be fetched. */
  function openWith(
    document: (url: string) => object | null,
    location: Awaited<ReturnType<typeof locate>>,
    maximumUnused = 10,
  ) {
    const clock = movableClock()
    let fetches = 0
    return {
      clock,
      fetches: () => fetches,
      async open() {
        const access = await openTestAccess(location, { clock })
        const documents = createMetadataDocuments({
          ...access,
          rules: access.clientRules,
          clock,
          customerId: 'registered',
          permittedScopes: ['read'],
          allowedHosts: [],
          maximumUnused,
          outbound: {
            ...access.outbound,
            async fetchGuarded(url) {
              fetches++
              await Promise.resolve()
              const found = document(url)
              return found
                ? { kind: 'fetched', text: JSON.stringify(found), headers: new Headers() }
                : { kind: 'failed', reason: 'gone' }
            },
          },
        })
        return { access, documents }
      },
    }
  }

  const good = { client_id: id, redirect_uris: ['https://app.example/cb'], client_name: 'App' }

  it('are fetched once by all who ask, kept, and fetched anew', async () => {
    let document: object | null = good
    const setup = openWith(() => document, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    const found = await Promise.all(
      Array.from({ length: 5 }, async () => documents.clientOf(id, address)),
    )
    expect(new Set(found.map((client) => client?.id))).toEqual(new Set([id]))
    expect(setup.fetches()).toBe(1)
    setup.clock.advance(3_599_000)
    await documents.clientOf(id, address)
    expect(setup.fetches()).toBe(1)
    setup.clock.advance(2_000)
    document = { ...good, client_name: 'Renamed' }
    expect(await documents.clientOf(id, address)).toMatchObject({
      displayName: 'Renamed (app.example)',
    })
    expect(setup.fetches()).toBe(2)
  })

  it('stay for a day when the document is gone, and not when it is not good any more', async () => {
    let document: object | null = good
    const setup = openWith(() => document, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    await documents.clientOf(id, address)
    document = null
    setup.clock.advance(3_600_000 + 86_000_000)
    expect(await documents.clientOf(id, address)).toMatchObject({ id })
    setup.clock.advance(500_000)
    expect(await documents.clientOf(id, address)).toBeNull()
    document = good
    setup.clock.advance(60_000)
    expect(await documents.clientOf(id, address)).toMatchObject({ id })
    document = { ...good, redirect_uris: ['https://evil.example/cb'] }
    setup.clock.advance(3_600_001)
    expect(await documents.clientOf(id, address)).toBeNull()
  })

  it('are worth nothing while they contradict the profile that an operator set', async () => {
    const keyed = {
      ...good,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: 'https://app.example/jwks',
    }
    let document: object = keyed
    const setup = openWith(() => document, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    await documents.clientOf(id, address)
    const strict = { requirePar: true, dpopBound: true, refreshMode: 'keep' } as const
    await access.clients.change(commandLine, id, { profile: 'fapi2', ...strict })
    setup.clock.advance(3_600_001)
    expect(await documents.clientOf(id, address)).toMatchObject(strict)
    document = { ...keyed, redirect_uris: ['http://127.0.0.1/cb'] }
    setup.clock.advance(3_600_001)
    expect(await documents.clientOf(id, address)).toBeNull()
    expect(await access.clients.find(id)).toMatchObject({ profile: 'fapi2', ...strict })
  })

  it('keep what an operator set, and leave no record where nothing changed', async () => {
    const grant_types = ['authorization_code', 'refresh_token']
    let document: object = { ...good, grant_types }
    const setup = openWith(() => document, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    expect(await documents.clientOf(id, address)).toMatchObject({
      scopes: ['read'],
      grants: grant_types,
    })
    const strict = {
      scopes: [],
      grants: ['authorization_code'],
      requirePar: true,
      dpopBound: true,
    } as const
    await access.clients.change(commandLine, id, strict)
    const recorded = async () =>
      (await access.audit.list({ objectId: id, limit: 100 })).map(({ action }) => action)
    const before = await recorded()
    setup.clock.advance(3_600_001)
    expect(await documents.clientOf(id, address)).toMatchObject(strict)
    expect(await access.clients.find(id)).toMatchObject({
      ...strict,
      metadata: { fetchedAt: setup.clock.now() },
    })
    expect(await recorded()).toEqual(before)
    document = { ...good, client_name: 'Renamed' }
    setup.clock.advance(3_600_001)
    expect(await documents.clientOf(id, address)).toMatchObject({
      ...strict,
      displayName: 'Renamed (app.example)',
    })
    expect(await recorded()).toHaveLength(before.length + 1)
  })

  it('are forgotten when nobody let them in', async () => {
    const setup = openWith(() => good, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    await documents.clientOf(id, address)
    await documents.prune()
    expect(await access.clients.find(id)).not.toBeNull()
    setup.clock.advance(3_600_001)
    await documents.prune()
    expect(await access.clients.find(id)).toBeNull()
  })

  it('are not forgotten while somebody who is signed in decides', async () => {
    const setup = openWith(() => good, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    await documents.clientOf(id, address)
    setup.clock.advance(3_600_001)
    const interaction = {
      browser_hash: 'b',
      client_id: id,
      request: '{}',
      resume_path: '/',
      account_id: null,
      decision: null,
      finished_at: null,
      created_at: setup.clock.now(),
      expires_at: setup.clock.now() + 60_000,
    }
    await access.database.write((write) =>
      write.query
        .insertInto('interactions')
        .values({ ...interaction, id: 'i', session_id: 's' })
        .execute(),
    )
    await documents.prune()
    expect(await access.clients.find(id)).not.toBeNull()
    setup.clock.advance(60_000)
    await documents.prune()
    expect(await access.clients.find(id)).toBeNull()
  })

  it('are so many, as long as nobody lets them in', async () => {
    const setup = openWith((url) => ({ ...good, client_id: url }), await locate(), 2)
    const { access, documents } = await setup.open()
    await using _ = access
    const found = []
    for (const name of ['a', 'b', 'c']) {
      found.push(await documents.clientOf(`https://app.example/${name}`, address))
    }
    expect(found.map((client) => client !== null)).toEqual([true, true, false])
    await access.consents.grant(commandLine, {
      accountId: 'person',
      clientId: 'https://app.example/a',
      scopes: [],
      details: [],
    })
    expect(await documents.clientOf('https://app.example/c', address)).not.toBeNull()
  })

  it('are fetched so often for one network, and not for nobody', async () => {
    const setup = openWith(() => null, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    for (let count = 0; count < 100; count++) {
      await documents.clientOf(`https://app.example/${count}`, '2001:db8::1')
    }
    expect(setup.fetches()).toBe(60)
    await documents.clientOf(id, null)
    expect(setup.fetches()).toBe(60)
    await documents.clientOf(id, address)
    expect(setup.fetches()).toBe(61)
  })

  it('are tried once a minute while their document is gone or not good', async () => {
    let document: object | null = good
    const setup = openWith(() => document, await locate())
    const { access, documents } = await setup.open()
    await using _ = access
    await documents.clientOf(id, address)
    document = null
    setup.clock.advance(3_600_001)
    for (let count = 0; count < 10; count++) {
      expect(await documents.clientOf(id, address)).toMatchObject({ id })
    }
    expect(setup.fetches()).toBe(2)
    document = { ...good, redirect_uris: [] }
    setup.clock.advance(60_000)
    for (let count = 0; count < 10; count++) {
      expect(await documents.clientOf(id, address)).toBeNull()
    }
    expect(setup.fetches()).toBe(3)
  })
})
