import { expect, it } from 'vitest'
import { subjectOf } from '../../server/access/accounts/account.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine, createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'
import { insertPasskey } from '../support/passkey-row.ts'

const DAY = 86_400_000
const PASSWORD = 'correct horse battery staple'

async function createPerson(access: Access, email = 'ann@lund.example', name = 'Ann') {
  const outcome = await access.accounts.create(commandLine, {
    email,
    name,
    passwordHash: null,
    emailConfirmed: true,
  })
  if (outcome.kind !== 'created') throw new Error(outcome.kind)
  return outcome.account
}

const begin = (access: Access, accountId: string) =>
  access.sessions.begin({ accountId, methods: ['pwd'], address: '192.0.2.7', userAgent: 'Test' })

const actionsOf = async (access: Access) =>
  (await access.audit.list({ limit: 100 })).map(({ action }) => action)

describeDatabases('accounts', (_kind, locate) => {
  it('signs up once for each e-mail, whatever its case', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access, 'Ann@Lund.example')
    expect(account).toMatchObject({ emailConfirmed: true, operator: false, hasPassword: false })
    const again = { email: 'aNN@lund.EXAMPLE', name: 'Somebody', passwordHash: 'x', operator: true }
    expect(await access.accounts.create(commandLine, again)).toEqual({ kind: 'known', account })
    expect(await access.accounts.findByEmail('ann@LUND.example')).toEqual(account)
    expect(subjectOf(account.id)).toBe(`account:${account.id}`)
  })

  it('signs up once when two do so at the same time, on two nodes', async () => {
    const location = await locate()
    await using one = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const person = { email: 'ann@lund.example', name: 'Ann', passwordHash: null }
    const outcomes = await Promise.all(
      [one, other, one, other].map((access) => access.accounts.create(commandLine, person)),
    )
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['created', 'known', 'known', 'known'])
    expect(await one.accounts.list({ after: null, limit: 10 })).toHaveLength(1)
  })

  it('confirms only the address that the link was sent to', async () => {
    await using access = await openTestAccess(await locate())
    const { id } = await createPerson(access)
    await access.accounts.change(commandLine, id, { email: 'victim@lund.example' })
    expect(await access.accounts.confirmEmail(commandLine, id, 'ann@lund.example')).toBeNull()
    expect(await access.accounts.find(id)).toMatchObject({ emailConfirmed: false })
    expect(
      await access.accounts.confirmEmail(commandLine, id, 'Victim@lund.example'),
    ).toMatchObject({ emailConfirmed: true })
  })

  it('are forgotten when nobody confirms the e-mail within a week', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { accounts, emailLinks, memberships } = access
    const signUp = async (email: string, options: { operator?: boolean } = {}) => {
      const person = { email, name: 'Ann', passwordHash: 'x', ...options }
      return (await accounts.create(commandLine, person)).account.id
    }
    const forgotten = await signUp('forgotten@lund.example')
    const kept = [
      (await createPerson(access)).id,
      await signUp('operator@lund.example', { operator: true }),
      await signUp('member@lund.example'),
      await signUp('late@lund.example'),
    ]
    const { customerId } = await createDemoClient(access)
    await memberships.set(commandLine, { accountId: kept[2]!, customerId, role: 'owner' })
    clock.advance(7 * DAY - 1)
    kept.push(await signUp('young@lund.example'))
    const link = { purpose: 'confirm', accountId: kept[3]!, email: 'late@lund.example' } as const
    await emailLinks.create(link)
    await emailLinks.create({ ...link, accountId: forgotten, email: 'forgotten@lund.example' })
    await accounts.prune()
    expect(await accounts.find(forgotten)).not.toBeNull()

    clock.advance(1)
    await accounts.prune()
    expect(await accounts.find(forgotten)).not.toBeNull()
    clock.advance(DAY)
    await emailLinks.create(link)
    await accounts.prune()
    expect(await accounts.find(forgotten)).toBeNull()
    for (const id of kept) expect(await accounts.find(id)).not.toBeNull()
    expect((await access.audit.list({ limit: 1 }))[0]).toMatchObject({
      action: 'account.delete',
      object: { id: forgotten },
    })
  })

  it('does not let two accounts take one e-mail', async () => {
    await using access = await openTestAccess(await locate())
    const [ann, bo] = [
      await createPerson(access),
      await createPerson(access, 'bo@lund.example', 'Bo'),
    ]
    expect(await access.accounts.change(commandLine, bo.id, { email: 'ANN@lund.example' })).toBe(
      'taken',
    )
    await Promise.all([
      access.accounts.change(commandLine, ann.id, { email: 'new@lund.example' }),
      access.accounts.change(commandLine, bo.id, { email: 'New@lund.example' }),
      access.accounts.create(commandLine, {
        email: 'nEw@lund.example',
        name: 'Third',
        passwordHash: null,
      }),
    ])
    const holders = (await access.accounts.list({ after: null, limit: 10 })).filter(
      ({ email }) => email.toLowerCase() === 'new@lund.example',
    )
    expect(holders).toHaveLength(1)
  })

  it('ends sessions and links for a reset when the password changes, but for the one that stays', async () => {
    await using access = await openTestAccess(await locate())
    const { id, email } = await createPerson(access)
    const [kept, lost] = [await begin(access, id), await begin(access, id)]
    const link = await access.emailLinks.create({ purpose: 'reset', accountId: id, email })
    const step = await access.challenges.create('second-factor', 'browser', id, {}, 60_000)
    const hash = await access.passwords.hash(PASSWORD)
    await access.accounts.setPassword(commandLine, id, hash, { exceptSession: kept.session.id })
    // Begun with the password before.
    expect(await access.challenges.take(step, 'second-factor', 'browser')).toBeNull()
    expect(await access.sessions.find(kept.cookie)).not.toBeNull()
    expect(await access.sessions.find(lost.cookie)).toBeNull()
    expect(await access.emailLinks.use(link, 'reset')).toBeNull()
  })

  it('tells all nodes at once that an account is suspended, and ends its sessions', async () => {
    const location = await locate()
    await using one = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const { id } = await createPerson(one)
    const { cookie } = await begin(one, id)
    await other.database.feed.ensureFresh()
    expect(await other.accounts.known(id)).toEqual({ suspended: false })
    await one.accounts.setSuspended(commandLine, id, true)
    await other.database.feed.read()
    expect(await other.accounts.known(id)).toEqual({ suspended: true })
    expect(await other.sessions.find(cookie)).toBeNull()
    await expect(begin(other, id)).rejects.toThrow('suspended or deleted')
    await one.accounts.setSuspended(commandLine, id, false)
    expect(await other.sessions.find(cookie)).toBeNull()
  })

  it('knows whether anybody runs the installation', async () => {
    await using access = await openTestAccess(await locate())
    const { id } = await createPerson(access)
    expect(await access.accounts.hasOperator()).toBe(false)
    await access.accounts.setOperator(commandLine, id, true)
    expect(await access.accounts.hasOperator()).toBe(true)
  })
})

describeDatabases('deleting an account', (_kind, locate) => {
  it('leaves nothing of it, on any node', async () => {
    const location = await locate()
    await using access = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const { clientId, customerId } = await createDemoClient(access)
    const account = await createPerson(access)
    const { id, email } = account
    await access.memberships.set(commandLine, { accountId: id, customerId, role: 'developer' })
    await access.memberships.ownCustomer(commandLine, account)
    const { cookie } = await begin(access, id)
    await access.secondFactors.newRecoveryCodes(commandLine, id)
    const link = await access.emailLinks.create({ purpose: 'reset', accountId: id, email })
    const invitation = await access.emailLinks.create({
      purpose: 'invite',
      email: 'bo@lund.example',
      customerId,
      createdBy: id,
    })
    const challenge = await access.challenges.create('second-factor', 'browser', id, {}, 60_000)
    await addGrant(access, id, clientId)
    await other.database.feed.ensureFresh()
    expect(await other.accounts.known(id)).toEqual({ suspended: false })

    expect(await access.accounts.delete(commandLine, id)).toBe('deleted')

    await other.database.feed.read()
    expect(await other.accounts.known(id)).toBeNull()
    expect(await access.accounts.find(id)).toBeNull()
    expect(await access.sessions.find(cookie)).toBeNull()
    expect(await access.emailLinks.use(link, 'reset')).toBeNull()
    expect(await access.emailLinks.use(invitation, 'invite')).toBeNull()
    expect(await access.challenges.take(challenge, 'second-factor', 'browser')).toBeNull()
    expect(await access.memberships.members(customerId)).toEqual([])
    expect(await access.customers.find(id)).toBeNull()
    for (const table of [
      'grants',
      'refresh_tokens',
      'authorization_codes',
      'consents',
      'recovery_codes',
    ] as const) {
      expect(await access.database.query.selectFrom(table).selectAll().execute()).toEqual([])
    }
    expect(await actionsOf(access)).toContain('account.delete')
    expect(await access.accounts.delete(commandLine, id)).toBe('unknown')
  })

  it('leaves nothing of the customer of its own', async () => {
    await using access = await openTestAccess(await locate())
    const { identityProviders, initialAccessTokens } = access
    const ann = await createPerson(access)
    const customerId = await access.memberships.ownCustomer(commandLine, ann)
    const provider = {
      id: 'lund',
      issuer: 'https://idp.lund.example',
      clientId: 'mapgate',
      domains: ['lund.example'],
      credential: { kind: 'client-secret', secret: 'x' },
    } as const
    await identityProviders.create(commandLine, { ...provider, customerId, required: true })
    const token = { customerId, description: '', uses: null, expiresAt: Date.now() + 60_000 }
    await initialAccessTokens.create(commandLine, token)
    expect(await access.accounts.delete(commandLine, ann.id)).toBe('deleted')
    expect(await access.customers.find(customerId)).toBeNull()
    expect(await actionsOf(access)).toContain('customer.delete')
    expect(await identityProviders.requiredProviderFor(ann.email)).toBeNull()
    expect(
      await access.database.query.selectFrom('initial_access_tokens').selectAll().execute(),
    ).toEqual([])
    // The domain is free again.
    await access.customers.create(commandLine, { id: 'city', name: 'City' })
    const next = { ...provider, customerId: 'city' }
    expect(await identityProviders.create(commandLine, next)).toMatchObject({ kind: 'created' })
  })

  it('announces each grant', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId } = await createDemoClient(access)
    const { id } = await createPerson(access)
    await addGrant(access, id, clientId)
    const heard: string[] = []
    access.database.feed.subscribe(({ topic, key }) => {
      if (topic === 'grant') heard.push(key)
    })
    await access.accounts.delete(commandLine, id)
    await access.database.feed.read()
    expect(heard).toEqual(['grant-1'])
  })

  it('refuses while a customer with clients would have no owner', async () => {
    await using access = await openTestAccess(await locate())
    const { customerId } = await createDemoClient(access)
    const [ann, bo] = [
      await createPerson(access),
      await createPerson(access, 'bo@lund.example', 'Bo'),
    ]
    await access.memberships.set(commandLine, { accountId: ann.id, customerId, role: 'owner' })
    expect(await access.accounts.delete(commandLine, ann.id)).toBe('last-owner')
    expect(await access.memberships.of(ann.id)).toHaveLength(1)
    await access.memberships.set(commandLine, { accountId: bo.id, customerId, role: 'owner' })
    const outcomes = await Promise.all(
      [ann, bo].map(({ id }) => access.accounts.delete(commandLine, id)),
    )
    expect(outcomes.sort()).toEqual(['deleted', 'last-owner'])
  })

  it('leaves nothing behind that was added meanwhile', async () => {
    const location = await locate()
    await using access = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const { customerId } = await createDemoClient(access)
    const { id } = await createPerson(access)
    await insertPasskey(access, id, 'key')
    await Promise.allSettled([
      begin(other, id),
      access.accounts.delete(commandLine, id),
      begin(other, id),
      other.memberships.set(commandLine, { accountId: id, customerId, role: 'viewer' }),
      other.secondFactors.newRecoveryCodes(commandLine, id),
    ])
    for (const table of ['sessions', 'memberships', 'recovery_codes'] as const) {
      expect(await access.database.query.selectFrom(table).selectAll().execute()).toEqual([])
    }
  })
})

describeDatabases('memberships', (_kind, locate) => {
  it('are set, changed, listed and removed', async () => {
    await using access = await openTestAccess(await locate())
    await access.customers.create(commandLine, { id: 'lund', name: 'City of Lund' })
    const [ann, bo] = [
      await createPerson(access),
      await createPerson(access, 'bo@lund.example', 'Bo'),
    ]
    const set = (accountId: string, role: 'owner' | 'viewer') =>
      access.memberships.set(commandLine, { accountId, customerId: 'lund', role })
    expect(await set(ann.id, 'viewer')).toBe('set')
    expect(await set(bo.id, 'owner')).toBe('set')
    const members = await access.memberships.members('lund')
    expect(members.map(({ account, role }) => [account.name, role])).toEqual([
      ['Bo', 'owner'],
      ['Ann', 'viewer'],
    ])
    expect(members[0]!.account).toEqual(bo)
    expect(await set(bo.id, 'viewer')).toBe('last-owner')
    expect(await set(ann.id, 'owner')).toBe('set')
    expect(await access.memberships.find(ann.id, 'lund')).toMatchObject({
      role: 'owner',
      customerName: 'City of Lund',
    })
    expect(await access.memberships.remove(commandLine, bo.id, 'lund')).toBe('removed')
    expect(await access.memberships.remove(commandLine, bo.id, 'lund')).toBe('unknown')
    expect(await access.memberships.remove(commandLine, ann.id, 'lund')).toBe('last-owner')
    expect(await set('1', 'viewer')).toBe('unknown')
    expect(await actionsOf(access)).toEqual(
      expect.arrayContaining(['membership.set', 'membership.remove']),
    )
  })

  it('keep an owner when the last two leave at once', async () => {
    const location = await locate()
    await using one = await openTestAccess(location)
    await using other = await openTestAccess(location)
    await one.customers.create(commandLine, { id: 'lund', name: 'City of Lund' })
    const people = [
      await createPerson(one),
      await createPerson(one, 'bo@lund.example', 'Bo'),
    ] as const
    for (const { id } of people) {
      await one.memberships.set(commandLine, { accountId: id, customerId: 'lund', role: 'owner' })
    }
    const outcomes = await Promise.all([
      one.memberships.remove(commandLine, people[0].id, 'lund'),
      other.memberships.set(commandLine, {
        accountId: people[1].id,
        customerId: 'lund',
        role: 'viewer',
      }),
    ])
    expect(outcomes.filter((outcome) => outcome === 'last-owner')).toHaveLength(1)
    const owners = (await one.memberships.members('lund')).filter(({ role }) => role === 'owner')
    expect(owners).toHaveLength(1)
  })

  it('let of two administrators who remove each other one succeed', async () => {
    const location = await locate()
    await using one = await openTestAccess(location)
    await using other = await openTestAccess(location)
    await one.customers.create(commandLine, { id: 'lund', name: 'City of Lund' })
    const ann = await createPerson(one)
    const bo = await createPerson(one, 'bo@lund.example', 'Bo')
    const cid = await createPerson(one, 'cid@lund.example', 'Cid')
    const set = (accountId: string, role: 'owner' | 'admin') =>
      one.memberships.set(commandLine, { accountId, customerId: 'lund', role })
    await set(cid.id, 'owner')
    await set(ann.id, 'admin')
    await set(bo.id, 'admin')
    const removal = { customerId: 'lund', role: null, may: () => true }
    const outcomes = await Promise.all([
      one.memberships.changeAs(commandLine, { ...removal, by: ann.id, accountId: bo.id }),
      other.memberships.changeAs(commandLine, { ...removal, by: bo.id, accountId: ann.id }),
    ])
    expect(outcomes.toSorted()).toEqual(['changed', 'unknown'])
    expect(await one.memberships.members('lund')).toHaveLength(2)
  })

  it('are judged as they are when they are changed', async () => {
    await using access = await openTestAccess(await locate())
    await access.customers.create(commandLine, { id: 'lund', name: 'City of Lund' })
    const ann = await createPerson(access)
    const bo = await createPerson(access, 'bo@lund.example', 'Bo')
    const { memberships } = access
    await memberships.set(commandLine, { accountId: ann.id, customerId: 'lund', role: 'owner' })
    const change = {
      by: ann.id,
      accountId: bo.id,
      customerId: 'lund',
      role: 'developer' as const,
      may: (own: string, current: string) => own === 'owner' && current === 'viewer',
    }
    // Whoever was removed meanwhile is not let in again by a change of role.
    expect(await memberships.changeAs(commandLine, change)).toBe('unknown')
    await memberships.set(commandLine, { accountId: bo.id, customerId: 'lund', role: 'viewer' })
    expect(await memberships.changeAs(commandLine, change)).toBe('changed')
    expect(await memberships.changeAs(commandLine, change)).toBe('forbidden')
    expect(await memberships.changeAs(commandLine, { ...change, accountId: ann.id })).toBe(
      'forbidden',
    )
    const leaving = { ...change, accountId: ann.id, role: null, may: () => true }
    expect(await memberships.changeAs(commandLine, leaving)).toBe('last-owner')
  })

  it('make one customer of a person’s own, however often it is asked for', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access)
    const ids = await Promise.all(
      [1, 2, 3].map(() => access.memberships.ownCustomer(commandLine, account)),
    )
    expect(new Set(ids)).toEqual(new Set([account.id]))
    expect(await access.memberships.of(account.id)).toMatchObject([
      { customerId: account.id, customerName: 'Ann', role: 'owner' },
    ])
  })

  it('do not let a person in again by the customer that was their own', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access)
    const bo = await createPerson(access, 'bo@lund.example', 'Bo')
    const own = await access.memberships.ownCustomer(commandLine, account)
    await access.memberships.set(commandLine, { accountId: bo.id, customerId: own, role: 'owner' })
    await access.memberships.remove(commandLine, account.id, own)
    const next = await access.memberships.ownCustomer(commandLine, account)
    expect(next).not.toBe(own)
    expect(await access.memberships.ownCustomer(commandLine, account)).toBe(next)
    expect(await access.memberships.find(account.id, own)).toBeNull()
  })

  it('go with their customer', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access)
    const own = await access.memberships.ownCustomer(commandLine, account)
    expect(await access.customers.delete(commandLine, own)).toBe('deleted')
    expect(await access.memberships.of(account.id)).toEqual([])
  })
})

describeDatabases('sessions', (_kind, locate) => {
  it('end when idle and at an absolute age, and are pruned', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), {
      clock,
      settings: { sessions: { idleMinutes: 30, absoluteHours: 1 } },
    })
    const { id } = await createPerson(access)
    const { cookie, session } = await begin(access, id)
    expect(session).toMatchObject({ methods: ['pwd'], address: '192.0.2.7', account: { id } })
    clock.advance(29 * 60_000)
    expect(await access.sessions.find(cookie)).toMatchObject({ id: session.id })
    await access.sessions.flush()
    clock.advance(29 * 60_000)
    expect(await access.sessions.find(cookie)).not.toBeNull()
    clock.advance(2 * 60_000)
    expect(await access.sessions.find(cookie)).toBeNull()
    expect(await access.sessions.list(id)).toEqual([])

    const idle = await begin(access, id)
    clock.advance(30 * 60_000)
    expect(await access.sessions.find(idle.cookie)).toBeNull()
    await access.sessions.prune()
    expect(await access.database.query.selectFrom('sessions').selectAll().execute()).toEqual([])
  })

  it('get a new id at each sign-in, and the one before is dead', async () => {
    await using access = await openTestAccess(await locate())
    const { id } = await createPerson(access)
    const first = await begin(access, id)
    const second = await access.sessions.begin({
      accountId: id,
      methods: ['pwd', 'otp', 'mfa'],
      address: null,
      userAgent: 'x'.repeat(10_000),
      replaced: first.cookie,
    })
    expect(second.cookie).not.toBe(first.cookie)
    expect(second.session.id).not.toBe(first.session.id)
    expect(await access.sessions.find(first.cookie)).toBeNull()
    expect(await access.sessions.list(id)).toEqual([second.session])
    expect(second.session.userAgent.length).toBeLessThanOrEqual(300)
  })

  it('are ended by their person alone', async () => {
    const location = await locate()
    await using access = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const [ann, bo] = [
      await createPerson(access),
      await createPerson(access, 'bo@lund.example', 'Bo'),
    ]
    const [one, two, three] = [
      await begin(access, ann.id),
      await begin(access, ann.id),
      await begin(access, ann.id),
    ]
    expect(await access.sessions.end(bo.id, one.session.id)).toBe('unknown')
    expect(await access.sessions.end(ann.id, one.session.id)).toBe('ended')
    expect(await other.sessions.find(one.cookie)).toBeNull()
    await access.sessions.endAll(ann.id, two.session.id)
    expect(await other.sessions.find(two.cookie)).not.toBeNull()
    expect(await other.sessions.find(three.cookie)).toBeNull()
    expect(await actionsOf(access)).toEqual(
      expect.arrayContaining(['session.begin', 'session.end']),
    )
  })

  it('are found by the cookie’s value and nothing near it', async () => {
    await using access = await openTestAccess(await locate())
    const { id } = await createPerson(access)
    const { cookie, session } = await begin(access, id)
    const [row] = await access.database.query.selectFrom('sessions').selectAll().execute()
    expect(JSON.stringify(row)).not.toContain(cookie)
    for (const wrong of [
      '',
      session.id,
      row!.hash,
      cookie.slice(0, -1),
      `${cookie}x`,
      'é'.repeat(9),
    ]) {
      expect(await access.sessions.find(wrong)).toBeNull()
    }
  })
})

async function addGrant(access: Access, accountId: string, clientId: string) {
  const now = Date.now()
  await access.database.write(async ({ query }) => {
    const grant = { grant_id: 'grant-1', client_id: clientId, expires_at: now + 60_000 }
    await query
      .insertInto('grants')
      .values({
        id: 'grant-1',
        client_id: clientId,
        account_id: accountId,
        issuer: 'http://localhost',
        scopes: 'read',
        audience: '',
        authorization_details: '[]',
        session_id: null,
        authenticated_at: now,
        methods: 'pwd',
        acr: null,
        nonce: null,
        claims: null,
        dpop_jkt: null,
        created_at: now,
        expires_at: now + 60_000,
        revoked_at: null,
      })
      .execute()
    await query
      .insertInto('authorization_codes')
      .values({
        ...grant,
        hash: 'code',
        redirect_uri: 'https://app.example',
        redirect_uri_given: 1,
        code_challenge: null,
        used_at: null,
      })
      .execute()
    await query
      .insertInto('refresh_tokens')
      .values({
        ...grant,
        hash: 'refresh',
        created_at: now,
        used_at: null,
        successor_hash: null,
        replay: null,
      })
      .execute()
    await query
      .insertInto('consents')
      .values({
        id: 'consent-1',
        account_id: accountId,
        client_id: clientId,
        scopes: 'read',
        authorization_details: '[]',
        created_at: now,
        updated_at: now,
      })
      .execute()
  })
}
