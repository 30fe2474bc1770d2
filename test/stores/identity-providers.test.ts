import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IdentityProvider } from '../../server/access/identity-providers/identity-provider.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'

const SECRET = { kind: 'client-secret', secret: 'upstream-secret-text' } as const

describeDatabases('identity providers', (_kind, locate) => {
  let access: Access

  beforeEach(async () => {
    access = await openTestAccess(await locate())
    await access.customers.create(commandLine, { id: 'acme', name: 'Acme' })
    await access.customers.create(commandLine, { id: 'other', name: 'Other' })
  })

  afterEach(() => access[Symbol.asyncDispose]())

  const create = (id: string, domains: string[], more: object = {}) =>
    access.identityProviders.create(commandLine, {
      id,
      customerId: 'acme',
      issuer: `https://${id}.example`,
      clientId: 'mapgate',
      credential: SECRET,
      domains,
      ...more,
    })

  async function created(id: string, domains: string[], more: object = {}) {
    const outcome = await create(id, domains, more)
    if (outcome.kind !== 'created') throw new Error(outcome.kind)
    return outcome.provider
  }

  const actions = async () => (await access.audit.list({ limit: 3 })).map((event) => event.action)

  it('are kept with an encrypted credential', async () => {
    const provider = await created('acme', ['acme.example'])
    expect(provider).toMatchObject({ credentialKind: 'client-secret', required: false, roles: {} })
    expect(await access.identityProviders.find('acme')).toEqual(provider)
    expect(await access.identityProviders.credentialOf('acme')).toEqual(SECRET)
    const [row] = await access.database.query.selectFrom('identity_providers').selectAll().execute()
    expect(JSON.stringify(row)).not.toContain(SECRET.secret)
    expect(JSON.stringify(await access.audit.list({ limit: 10 }))).not.toContain(SECRET.secret)
  })

  it('are found by whole domains', async () => {
    await created('acme', ['acme.example', 'sub.other.example'])
    const found = async (email: string) => (await access.identityProviders.findByEmail(email))?.id
    expect(await found('Ann@ACME.example')).toBe('acme')
    expect(await found('ann@sub.other.example')).toBe('acme')
    for (const email of ['ann@other.example', 'ann@acme.exampl', 'ann@%.example', 'acme.example']) {
      expect(await found(email)).toBeUndefined()
    }
  })

  it('that are required leave no session but those that they vouched for', async () => {
    const { accounts, sessions, identityProviders } = access
    const person = { email: 'ann@acme.example', name: 'Ann', passwordHash: null }
    const { account } = await accounts.create(commandLine, { ...person, emailConfirmed: true })
    const begin = async (providerId: string | null) => {
      const methods = [providerId === null ? ('pwd' as const) : ('fed' as const)]
      const begun = { accountId: account.id, methods, providerId, address: null, userAgent: '' }
      return (await sessions.begin(begun)).cookie
    }
    const [own, acme, other] = [await begin(null), await begin('acme'), await begin('other')]
    const standing = async () =>
      (await Promise.all([own, acme, other].map((cookie) => sessions.find(cookie)))).map(Boolean)
    expect(await standing()).toEqual([true, true, true])
    await created('acme', ['acme.example'])
    await created('other', ['other.example'], { required: true })
    expect(await standing()).toEqual([true, true, true])
    await identityProviders.change(commandLine, 'acme', { required: true })
    expect(await standing()).toEqual([false, true, false])
    expect(await sessions.list(account.id)).toMatchObject([{ providerId: 'acme' }])
    await accounts.change(commandLine, account.id, { email: 'ann@other.example' })
    expect(await standing()).toEqual([false, false, true])
    await accounts.change(commandLine, account.id, { email: 'ann@home.example' })
    expect(await standing()).toEqual([true, true, true])
    await identityProviders.change(commandLine, 'acme', { domains: ['home.example'] })
    expect(await standing()).toEqual([false, true, false])
  })

  it('are required only where they say so', async () => {
    await created('acme', ['acme.example'], { required: true })
    await created('lax', ['lax.example'])
    const { requiredProviderFor } = access.identityProviders
    expect(await requiredProviderFor('ann@acme.example')).toMatchObject({ id: 'acme' })
    expect(await requiredProviderFor('ann@lax.example')).toBeNull()
    expect(await requiredProviderFor('ann@nobody.example')).toBeNull()
  })

  it('own a domain alone, even when two ask at once', async () => {
    const outcomes = await Promise.all([
      create('first', ['one.example', 'shared.example']),
      create('second', ['shared.example'], { customerId: 'other' }),
    ])
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['created', 'domain-taken'])
    expect(await create('third', ['shared.example'])).toEqual({
      kind: 'domain-taken',
      domain: 'shared.example',
    })
    await created('fourth', ['four.example'])
    const changed = { domains: ['four.example', 'shared.example'] }
    expect(await access.identityProviders.change(commandLine, 'fourth', changed)).toMatchObject({
      kind: 'domain-taken',
    })
    expect((await access.identityProviders.find('fourth'))?.domains).toEqual(['four.example'])
  })

  it('are refused under a name that is taken and for a customer that is not there', async () => {
    await created('acme', ['acme.example'])
    expect(await create('acme', ['b.example'])).toEqual({ kind: 'exists' })
    expect(await create('b', ['b.example'], { customerId: 'gone' })).toEqual({
      kind: 'unknown-customer',
    })
  })

  it('are changed, with the credential left alone unless it is given', async () => {
    await created('acme', ['acme.example'])
    const changes = { required: true, roleClaim: 'groups', roles: { admins: 'admin' } as const }
    expect(await access.identityProviders.change(commandLine, 'acme', changes)).toMatchObject({
      kind: 'changed',
      provider: changes,
    })
    expect(await access.identityProviders.credentialOf('acme')).toEqual(SECRET)
    const credential = { kind: 'private-key', key: { kty: 'EC', alg: 'ES256' } } as const
    await access.identityProviders.change(commandLine, 'acme', { credential })
    expect(await access.identityProviders.credentialOf('acme')).toEqual(credential)
    expect(await access.identityProviders.find('acme')).toMatchObject({
      credentialKind: 'private-key',
    })
    expect(await access.identityProviders.change(commandLine, 'gone', {})).toEqual({
      kind: 'unknown',
    })
  })

  it('are listed page by page', async () => {
    for (const id of ['a', 'b', 'c']) await created(id, [`${id}.example`])
    await created('d', ['d.example'], { customerId: 'other' })
    const ids = async (page: Parameters<Access['identityProviders']['list']>[0]) =>
      (await access.identityProviders.list(page)).map(({ id }) => id)
    expect(await ids({ customerId: null, after: null, limit: 2 })).toEqual(['a', 'b'])
    expect(await ids({ customerId: null, after: 'b', limit: 9 })).toEqual(['c', 'd'])
    expect(await ids({ customerId: 'other', after: null, limit: 9 })).toEqual(['d'])
  })

  describe('who signs in there', () => {
    let acme: IdentityProvider

    beforeEach(async () => {
      acme = await created('acme', ['acme.example'])
    })

    const ann = { sub: 's-1', email: 'ann@acme.example', name: 'Ann  Map\u0007' }
    const admit = (claims: { sub: string } & Record<string, unknown>) =>
      access.admit(commandLine, acme, claims)

    async function admitted(claims: { sub: string } & Record<string, unknown>) {
      const outcome = await admit(claims)
      if (outcome.kind !== 'admitted') throw new Error(outcome.reason)
      return outcome.account
    }

    const roleOf = async (id: string) => (await access.memberships.find(id, 'acme'))?.role

    it('is a new person as viewer, and the same one ever after', async () => {
      const account = await admitted(ann)
      expect(account).toMatchObject({
        email: ann.email,
        emailConfirmed: true,
        hasPassword: false,
        name: 'Ann Map',
      })
      expect(await roleOf(account.id)).toBe('viewer')
      expect(await actions()).toContain('account.link')
      const again = await admitted({ ...ann, email: 'ann.new@acme.example' })
      expect(again.id).toBe(account.id)
    })

    it('is one person, however often they come at once', async () => {
      const accounts = await Promise.all([1, 2, 3, 4].map(() => admitted(ann)))
      expect(new Set(accounts.map(({ id }) => id)).size).toBe(1)
    })

    it('is whoever has that address already', async () => {
      const { account } = await access.accounts.create(commandLine, {
        email: 'Ann@acme.example',
        name: 'Ann',
        passwordHash: 'x',
        emailConfirmed: true,
      })
      expect((await admitted(ann)).id).toBe(account.id)
    })

    it('is not whoever signed up with that address without reading its mail', async () => {
      const squatter = await access.accounts.create(commandLine, {
        email: ann.email,
        name: 'Eve',
        passwordHash: 'x',
      })
      const account = await admitted(ann)
      expect(account.id).not.toBe(squatter.account.id)
      expect(account.hasPassword).toBe(false)
      expect(await access.accounts.find(squatter.account.id)).toBeNull()
    })

    it('is who confirmed the address, however close to it', async () => {
      for (let round = 0; round < 12; round++) {
        const email = `ann-${round}@acme.example`
        const person = { email, name: 'Ann', passwordHash: 'x' }
        const { account } = await access.accounts.create(commandLine, person)
        const [confirmed, signedIn] = await Promise.all([
          access.accounts.confirmEmail(commandLine, account.id, email),
          admitted({ sub: `s-${round}`, email, name: 'Ann' }),
        ])
        expect(signedIn.id === account.id).toBe(confirmed !== null)
      }
    })

    it.each([
      [{ sub: 's', email: 'ann@other.example' }, 'foreign_domain'],
      [{ sub: 's', email: 'ann@evil.acme.example' }, 'foreign_domain'],
      [{ sub: 's' }, 'no_email'],
      [{ sub: 's', email: ['ann@acme.example'] }, 'no_email'],
      [{ sub: 's', email: 'ann@acme.example', email_verified: false }, 'email_not_verified'],
      [{ sub: 's', email: 'ann@acme.example', email_verified: 'false' }, 'email_not_verified'],
      [{ sub: '', email: 'ann@acme.example' }, 'bad_subject'],
      [{ sub: 's'.repeat(256), email: 'ann@acme.example' }, 'bad_subject'],
    ])('is nobody with %j: %s', async (claims, reason) => {
      expect(await admit(claims)).toEqual({ kind: 'refused', reason })
      expect(await access.accounts.findByEmail('ann@acme.example')).toBeNull()
    })

    it('is nobody while suspended', async () => {
      const account = await admitted(ann)
      await access.accounts.setSuspended(commandLine, account.id, true)
      expect(await admit(ann)).toEqual({ kind: 'refused', reason: 'suspended' })
    })

    it('has the role of the claim from then on, up and down', async () => {
      const changes = {
        roleClaim: 'groups',
        roles: { admins: 'admin', devs: 'developer' },
      } as const
      const changed = await access.identityProviders.change(commandLine, 'acme', changes)
      if (changed.kind !== 'changed') throw new Error(changed.kind)
      acme = changed.provider
      const { id } = await admitted({ ...ann, groups: ['devs', 'admins'] })
      expect(await roleOf(id)).toBe('admin')
      await admitted({ ...ann, groups: 'devs' })
      expect(await roleOf(id)).toBe('developer')
      await admitted(ann)
      expect(await roleOf(id)).toBe('viewer')
    })

    it('keeps the role given here where there is no claim', async () => {
      const { id } = await admitted(ann)
      await access.memberships.set(commandLine, {
        accountId: id,
        customerId: 'acme',
        role: 'admin',
      })
      await admitted(ann)
      expect(await roleOf(id)).toBe('admin')
    })

    it('is recognised by the address anew under another issuer, and after a deletion', async () => {
      const account = await admitted(ann)
      const issuer = 'https://new.example'
      await access.identityProviders.change(commandLine, 'acme', { issuer })
      expect(await access.federatedIdentities.find('acme', ann.sub)).toBeNull()
      expect((await admitted({ ...ann, sub: 's-2' })).id).toBe(account.id)
      expect(await access.identityProviders.delete(commandLine, 'acme')).toBe('deleted')
      expect(await access.federatedIdentities.find('acme', 's-2')).toBeNull()
      expect(await access.accounts.find(account.id)).not.toBeNull()
      expect(await access.identityProviders.delete(commandLine, 'acme')).toBe('unknown')
    })

    it('is forgotten with the account', async () => {
      const account = await admitted(ann)
      expect(await access.accounts.delete(commandLine, account.id)).toBe('deleted')
      expect(await access.federatedIdentities.find('acme', ann.sub)).toBeNull()
      expect((await admitted(ann)).id).not.toBe(account.id)
    })
  })
})
