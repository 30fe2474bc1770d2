import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Account } from '../../server/access/accounts/account.ts'
import type { Session } from '../../server/access/accounts/session.ts'
import type { MapDataDetail } from '../../server/access/areas/map-data-detail.ts'
import type {
  CodeRedemption,
  RedeemOutcome,
} from '../../server/access/grants/authorization-codes.ts'
import type { AuthorizationRequest } from '../../server/access/interactions/interaction.ts'
import type { Access } from '../../server/open-access.ts'
import { commandLine, createDemoClient, movableClock, openTestAccess } from '../support/access.ts'
import { openTestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { standingGrants } from '../support/grants.ts'

const ISSUER = 'https://mapgate.example'
const REDIRECT_URI = 'https://app.example/callback'
const VERIFIER = 'v'.repeat(43)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const BROWSER = 'b'.repeat(43)

async function createAccount(access: Access, email: string): Promise<Account> {
  const created = await access.accounts.create(commandLine, {
    email,
    name: 'Ann',
    passwordHash: null,
    emailConfirmed: true,
  })
  return created.account
}

async function signIn(access: Access, accountId: string): Promise<Session> {
  const { session } = await access.sessions.begin({
    accountId,
    methods: ['pwd'],
    address: null,
    userAgent: 'test',
  })
  return session
}

function requestOf(
  clientId: string,
  changes: Partial<AuthorizationRequest> = {},
): AuthorizationRequest {
  return {
    profile: 'core',
    issuer: ISSUER,
    clientId,
    redirectUri: REDIRECT_URI,
    redirectUriGiven: true,
    responseMode: 'query',
    state: null,
    scopes: ['read'],
    audience: [`${ISSUER}/maps`],
    details: [],
    codeChallenge: CHALLENGE,
    nonce: null,
    dpopJkt: null,
    prompts: [],
    maxAge: null,
    loginHint: null,
    hintedAccountId: null,
    providerId: null,
    acrValues: [],
    uiLocales: [],
    display: null,
    claims: null,
    pushedRequest: null,
    deviceCode: null,
    ...changes,
  }
}

/** A client, a person signed in, and what it takes to issue and redeem. */
async function scene(access: Access) {
  const { clientId } = await createDemoClient(access)
  const account = await createAccount(access, 'ann@example.com')
  const session = await signIn(access, account.id)
  return {
    clientId,
    account,
    session,
    issue: (changes: Partial<AuthorizationRequest> = {}) =>
      access.database.write((write) =>
        access.authorizationCodes.issueIn(write, commandLine, {
          request: requestOf(clientId, changes),
          session,
        }),
      ),
    redeem: (code: string, changes: Partial<CodeRedemption> = {}, node: Access = access) =>
      node.authorizationCodes.redeem(commandLine, code, {
        clientId,
        redirectUri: REDIRECT_URI,
        codeVerifier: VERIFIER,
        issuer: ISSUER,
        dpopJkt: null,
        ...changes,
      }),
  }
}

const reasonOf = (outcome: RedeemOutcome) =>
  outcome.kind === 'refused' ? outcome.reason : outcome.kind

describeDatabases('authorization codes', (_kind, locate) => {
  it('stand for what was granted, once', async () => {
    await using access = await openTestAccess(await locate())
    const { account, session, clientId, issue, redeem } = await scene(access)
    const code = await issue({ nonce: 'n', dpopJkt: 'k', claims: '{}' })
    expect(code).toMatch(/^mgc_[0-9A-Za-z]{43}$/)
    const redeemed = await redeem(code, { dpopJkt: 'k' })
    expect(redeemed).toMatchObject({
      kind: 'redeemed',
      grant: {
        clientId,
        accountId: account.id,
        issuer: ISSUER,
        scopes: ['read'],
        audience: [`${ISSUER}/maps`],
        sessionId: session.id,
        authenticatedAt: session.authenticatedAt,
        methods: ['pwd'],
        nonce: 'n',
        claims: '{}',
        dpopJkt: 'k',
        revoked: false,
      },
    })
    expect(await redeem(code, { dpopJkt: 'k' })).toEqual({ kind: 'reused' })
  })

  it('are as good as before when the request does not fit what was granted', async () => {
    await using access = await openTestAccess(await locate())
    const { issue, redeem } = await scene(access)
    const code = await issue()
    const requireFit = () => {
      throw new Error('unfit')
    }
    await expect(redeem(code, { requireFit })).rejects.toThrow('unfit')
    // A thief of codes does not even learn that.
    expect(await redeem(code, { requireFit, codeVerifier: 'w'.repeat(43) })).toMatchObject({
      reason: 'verifier_wrong',
    })
    expect((await redeem(code)).kind).toBe('redeemed')
    expect(await redeem(code, { requireFit })).toEqual({ kind: 'reused' })
  })

  it('take what came of them along when they are used again', async () => {
    await using access = await openTestAccess(await locate())
    const { issue, redeem } = await scene(access)
    const code = await issue()
    const redeemed = await redeem(code)
    if (redeemed.kind !== 'redeemed') throw new Error(redeemed.kind)
    // So that it must be heard of.
    expect(await access.grants.known(redeemed.grant.id)).toMatchObject({ revoked: false })
    expect(await redeem(code, { codeVerifier: null })).toEqual({ kind: 'reused' })
    expect(await access.grants.known(redeemed.grant.id)).toMatchObject({ revoked: true })
    const events = await access.audit.list({ limit: 10 })
    expect(events.filter(({ action }) => action.startsWith('grant.'))).toMatchObject([
      { action: 'grant.revoke', customerId: 'customer', details: { reason: 'code reused' } },
      { action: 'grant.create', customerId: 'customer' },
    ])
  })

  it('are won by one of many who redeem them at once, on two nodes; the others revoke', async () => {
    const location = await locate()
    await using here = await openTestAccess(location)
    await using there = await openTestAccess(location)
    const { issue, redeem } = await scene(here)
    const code = await issue()
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) => redeem(code, {}, index % 2 === 0 ? here : there)),
    )
    const won = outcomes.filter((outcome) => outcome.kind === 'redeemed')
    expect(won).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome.kind === 'reused')).toHaveLength(9)
    expect(await here.grants.find(won[0]!.grant.id)).toMatchObject({ revoked: true })
  })

  it('are worth nothing to who cannot prove to be the one who asked, and stay good for who can', async () => {
    await using access = await openTestAccess(await locate())
    const { issue, redeem } = await scene(access)
    const other = await createDemoClient(access, { customerId: 'customer-2' })
    const code = await issue({ dpopJkt: 'key' })
    const right = { dpopJkt: 'key' }
    const attempts: [Partial<CodeRedemption>, string][] = [
      [{ clientId: other.clientId }, 'code_of_other_client'],
      [{ issuer: `${ISSUER}/dialect` }, 'code_of_other_issuer'],
      [{ redirectUri: null }, 'redirect_uri_differs'],
      [{ redirectUri: `${REDIRECT_URI}/` }, 'redirect_uri_differs'],
      [{ codeVerifier: null }, 'verifier_missing'],
      [{ codeVerifier: 'w'.repeat(43) }, 'verifier_wrong'],
      [{ codeVerifier: CHALLENGE }, 'verifier_wrong'],
      [{ dpopJkt: null }, 'dpop_key_differs'],
      [{ dpopJkt: 'another' }, 'dpop_key_differs'],
    ]
    for (const [changes, reason] of attempts) {
      expect(reasonOf(await redeem(code, { ...right, ...changes }))).toBe(reason)
    }
    expect(reasonOf(await redeem(`${code}x`, right))).toBe('code_unknown')
    expect(reasonOf(await redeem(code, right))).toBe('redeemed')
    // What another client does with a used code ends nothing.
    expect(reasonOf(await redeem(code, { clientId: other.clientId }))).toBe('code_of_other_client')
    const [grant] = await standingGrants(
      access,
      (await access.accounts.findByEmail('ann@example.com'))!.id,
    )
    expect(grant).toMatchObject({ revoked: false })
  })

  it('without a challenge refuse a verifier, and need no redirect_uri that was not named', async () => {
    await using access = await openTestAccess(await locate())
    const { issue, redeem } = await scene(access)
    const code = await issue({ codeChallenge: null, redirectUriGiven: false })
    expect(reasonOf(await redeem(code))).toBe('verifier_unexpected')
    const plain = { codeVerifier: null, redirectUri: null }
    expect(reasonOf(await redeem(code, { ...plain, redirectUri: 'https://evil.example' }))).toBe(
      'redirect_uri_differs',
    )
    expect(reasonOf(await redeem(code, plain))).toBe('redeemed')
  })

  it('last for a minute', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { issue, redeem, account } = await scene(access)
    const [inTime, late] = [await issue(), await issue()]
    clock.advance(59_999)
    expect(reasonOf(await redeem(inTime))).toBe('redeemed')
    clock.advance(1)
    expect(reasonOf(await redeem(late))).toBe('code_expired')
    await access.authorizationCodes.prune()
    expect(reasonOf(await redeem(inTime))).toBe('reused')
    const redeemed = await issue()
    await redeem(redeemed)
    await issue()
    expect(await standingGrants(access, account.id)).toHaveLength(3)
    clock.advance(86_460_001)
    await access.authorizationCodes.prune()
    expect(reasonOf(await redeem(inTime))).toBe('code_unknown')
    // The grants of codes that nobody fetched tokens with go with them.
    expect(await standingGrants(access, account.id)).toHaveLength(1)
  })

  it('are worth nothing once their grant is revoked', async () => {
    await using access = await openTestAccess(await locate())
    const { issue, redeem, account } = await scene(access)
    const code = await issue()
    const [grant] = await standingGrants(access, account.id)
    await access.grants.revoke(commandLine, grant!.id, 'test')
    expect(reasonOf(await redeem(code))).toBe('grant_revoked')
  })

  it('are there with their grant, or not at all', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, session, account } = await scene(access)
    const failing = access.database.write(async (write) => {
      const request = requestOf(clientId)
      await access.authorizationCodes.issueIn(write, commandLine, { request, session })
      throw new Error('stop')
    })
    await expect(failing).rejects.toThrow('stop')
    expect(await standingGrants(access, account.id)).toEqual([])
  })
})

describeDatabases('grants', (_kind, locate) => {
  it('are revoked on every node', async () => {
    const location = await locate()
    await using here = await openTestAccess(location)
    await using there = await openTestAccess(location)
    const { issue, account } = await scene(here)
    await issue()
    const [grant] = await standingGrants(here, account.id)
    expect(await there.grants.known(grant!.id)).toMatchObject({ revoked: false })
    await here.grants.revoke(commandLine, grant!.id, 'test')
    await here.grants.revoke(commandLine, grant!.id, 'again')
    await expect
      .poll(async () => (await there.grants.known(grant!.id))!.revoked, { timeout: 1_000 })
      .toBe(true)
    expect(await standingGrants(here, account.id)).toEqual([])
    const events = await here.audit.list({ limit: 10 })
    expect(events.filter(({ action }) => action === 'grant.revoke')).toHaveLength(1)
  })

  it('are forgotten when no token of them can be left', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { issue, account } = await scene(access)
    await issue()
    const [grant] = await standingGrants(access, account.id)
    clock.advance(grant!.expiresAt - clock.now() + 86_400_000)
    await access.grants.prune()
    expect(await access.grants.find(grant!.id)).not.toBeNull()
    clock.advance(1)
    await access.grants.prune()
    expect(await access.grants.find(grant!.id)).toBeNull()
  })
})

describeDatabases('consents', (_kind, locate) => {
  it('take all grants of the client for the person along when they are withdrawn', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, account, session, issue, redeem } = await scene(access)
    const others = await createDemoClient(access, { customerId: 'customer-2' })
    const given = { accountId: account.id, scopes: ['read'], details: [] }
    const consent = await access.consents.grant(commandLine, { ...given, clientId })
    await access.consents.grant(commandLine, { ...given, clientId: others.clientId })
    const codes = [await issue(), await issue()]
    await access.database.write((write) =>
      access.authorizationCodes.issueIn(write, commandLine, {
        request: requestOf(others.clientId),
        session,
      }),
    )
    const stranger = await createAccount(access, 'eve@example.com')
    expect(await access.consents.withdraw(commandLine, stranger.id, consent.id)).toBe('unknown')
    expect(await access.consents.withdraw(commandLine, account.id, consent.id)).toBe('withdrawn')
    expect(await access.consents.withdraw(commandLine, account.id, consent.id)).toBe('unknown')
    expect(reasonOf(await redeem(codes[0]!))).toBe('grant_revoked')
    expect(await standingGrants(access, account.id)).toMatchObject([{ clientId: others.clientId }])
    expect(await access.consents.list(account.id)).toMatchObject([{ clientId: others.clientId }])
    expect(await access.consents.find(account.id, clientId)).toBeNull()
  })

  it('keep all that is granted at once', async () => {
    await using access = await openTestAccess(await locate())
    const { clientId, account } = await scene(access)
    const scopes = ['read', 'openid', 'email', 'profile']
    await Promise.all(
      scopes.map((scope) =>
        access.consents.grant(commandLine, {
          accountId: account.id,
          clientId,
          scopes: [scope],
          details: [],
        }),
      ),
    )
    const consent = await access.consents.find(account.id, clientId)
    expect(consent!.scopes.toSorted()).toEqual(scopes.toSorted())
    expect(await access.consents.list(account.id)).toHaveLength(1)
  })
})

describeDatabases('what is taken away while a request is under way', (_kind, locate) => {
  /** A signed-in browser, and a client that it has granted before. */
  async function underWay(app: Awaited<ReturnType<typeof openTestApp>>) {
    const { access, http, settings } = app
    const { clientId } = await createDemoClient(access, {
      grants: ['authorization_code'],
      redirectUris: [REDIRECT_URI],
    })
    const account = await createAccount(access, 'ann@example.com')
    const { session, cookie } = await access.sessions.begin({
      accountId: account.id,
      methods: ['pwd'],
      address: null,
      userAgent: 'test',
    })
    const prefix = settings.publicUrl.startsWith('https:') ? '__Host-' : ''
    const grantConsent = () =>
      access.consents.grant(commandLine, {
        accountId: account.id,
        clientId,
        scopes: ['read'],
        details: [],
      })
    const open = (url: string) =>
      http.inject({
        url,
        headers: {
          accept: 'text/html',
          cookie: `${prefix}mapgate-browser=${BROWSER}; ${prefix}mapgate-session=${cookie}`,
        },
      })
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: REDIRECT_URI,
      scope: 'read',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    })
    return {
      ...{ account, session, clientId, grantConsent, open },
      authorize: () => open(`/oauth2/authorize?${query.toString()}`),
      standing: () => standingGrants(access, account.id),
    }
  }

  it('a redirect URI: nothing is sent there any more', async () => {
    await using app = await openTestApp(await locate())
    const { clientId, grantConsent, authorize, open } = await underWay(app)
    const page = (await authorize()).headers.location!
    expect(page).toMatch(/^\/consent\?/)
    await grantConsent()
    await app.access.clients.change(commandLine, clientId, {
      redirectUris: ['https://app.example/other'],
    })
    const { statusCode, headers } = await open(page.replace('/consent', '/oauth2/authorize/resume'))
    expect([statusCode, headers.location]).toEqual([400, undefined])
  })

  it('a consent: no code comes, though the person had said yes', async () => {
    await using app = await openTestApp(await locate())
    const { access } = app
    const { account, session, clientId, grantConsent, open, standing } = await underWay(app)
    const { id } = await access.interactions.begin({
      browser: BROWSER,
      request: requestOf(clientId),
      resumePath: '/oauth2/authorize/resume',
    })
    await access.interactions.take(id, BROWSER, { id: session.id, accountId: account.id })
    await access.interactions.decide(id, BROWSER, session.id, 'allowed')
    const consent = await grantConsent()
    await access.consents.withdraw(commandLine, account.id, consent.id)
    const { statusCode, headers } = await open(`/oauth2/authorize/resume?interaction=${id}`)
    expect([statusCode, headers.location]).toEqual([400, undefined])
    expect(await standing()).toEqual([])
  })

  it('a consent: nothing is left that stands, in whatever order the two come', async () => {
    await using app = await openTestApp(await locate())
    const { account, grantConsent, authorize, standing } = await underWay(app)
    await grantConsent()
    expect((await authorize()).headers.location).toContain('code=')
    for (let round = 0; round < 15; round++) {
      const consent = await grantConsent()
      await Promise.all([
        authorize(),
        authorize(),
        app.access.consents.withdraw(commandLine, account.id, consent.id),
        authorize(),
      ])
      expect(await standing()).toEqual([])
    }
  })
})

describeDatabases('interactions', (_kind, locate) => {
  async function begun(access: Access, changes: Partial<AuthorizationRequest> = {}) {
    const set = await scene(access)
    const interaction = await access.interactions.begin({
      browser: BROWSER,
      request: requestOf(set.clientId, changes),
      resumePath: '/resume',
    })
    const take = (session: Session, browser = BROWSER) =>
      access.interactions.take(interaction.id, browser, {
        id: session.id,
        accountId: session.account.id,
      })
    return { ...set, interaction, take, id: interaction.id }
  }

  it('belong to the browser that began them', async () => {
    await using access = await openTestAccess(await locate())
    const { id, session, take, clientId, interaction } = await begun(access, { state: 'x' })
    const other = 'c'.repeat(43)
    expect(await access.interactions.find(id, BROWSER)).toEqual(interaction)
    expect(interaction).toMatchObject({ clientId, request: { state: 'x' }, decision: null })
    expect(await access.interactions.find(id, other)).toBeNull()
    expect(await take(session, other)).toBe('unknown')
    expect(await take(session)).toBe('taken-up')
    expect(await access.interactions.decide(id, other, session.id, 'allowed')).toBe('unknown')
    expect(await access.interactions.finish(id, other)).toBeNull()
    expect(await access.interactions.find(id, BROWSER)).toMatchObject({
      sessionId: session.id,
      accountId: session.account.id,
      decision: null,
      finished: false,
    })
  })

  it('never change their person', async () => {
    await using access = await openTestAccess(await locate())
    const { id, session, account, take } = await begun(access)
    const eve = await signIn(access, (await createAccount(access, 'eve@example.com')).id)
    expect(await take(session)).toBe('taken-up')
    expect(await take(eve)).toBe('taken')
    expect(await access.interactions.decide(id, BROWSER, eve.id, 'allowed')).toBe('unknown')
    const again = await signIn(access, account.id)
    expect(await take(again)).toBe('taken-up')
    expect(await access.interactions.decide(id, BROWSER, session.id, 'allowed')).toBe('unknown')
    expect(await access.interactions.decide(id, BROWSER, again.id, 'allowed')).toBe('decided')
  })

  it('are taken by one of two sessions at once', async () => {
    await using access = await openTestAccess(await locate())
    const { session, take } = await begun(access)
    const eve = await signIn(access, (await createAccount(access, 'eve@example.com')).id)
    const outcomes = await Promise.all([take(session), take(eve)])
    expect(outcomes.toSorted()).toEqual(['taken', 'taken-up'])
  })

  it('are decided once', async () => {
    await using access = await openTestAccess(await locate())
    const { id, session, take } = await begun(access)
    await take(session)
    const decide = (decision: 'allowed' | 'denied') =>
      access.interactions.decide(id, BROWSER, session.id, decision)
    expect(await decide('denied')).toBe('decided')
    expect(await decide('allowed')).toBe('unknown')
    expect(await decide('denied')).toBe('decided')
    expect(await access.interactions.find(id, BROWSER)).toMatchObject({ decision: 'denied' })
  })

  it('are finished once', async () => {
    await using access = await openTestAccess(await locate())
    const { id, session, take } = await begun(access)
    await take(session)
    const finished = await Promise.all(
      Array.from({ length: 5 }, () => access.interactions.finish(id, BROWSER)),
    )
    expect(finished.filter((each) => each !== null)).toMatchObject([{ id, finished: true }])
    expect(await access.interactions.find(id, BROWSER)).toBeNull()
    expect(await take(session)).toBe('unknown')
    expect(await access.interactions.decide(id, BROWSER, session.id, 'allowed')).toBe('unknown')
  })

  it('live for half an hour', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await begun(access)
    clock.advance(30 * 60_000 - 1)
    expect(await access.interactions.find(id, BROWSER)).not.toBeNull()
    clock.advance(1)
    expect(await access.interactions.find(id, BROWSER)).toBeNull()
    expect(await access.interactions.finish(id, BROWSER)).toBeNull()
    clock.advance(1)
    await access.interactions.prune()
    const rows = await access.database.query.selectFrom('interactions').select('id').execute()
    expect(rows).toEqual([])
  })
})

describeDatabases('pushed requests', (_kind, locate) => {
  const parameters = [['scope', 'read']] as const

  it('are opened by their client until something comes of them', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { pushedRequests, database } = access
    const uri = await pushedRequests.push({ clientId: 'c', parameters, dpopJkt: 'k' })
    expect(uri).toMatch(/^urn:ietf:params:oauth:request_uri:[0-9A-Za-z]{43}$/)
    const found = await pushedRequests.find(uri, 'c')
    expect(found).toMatchObject({ parameters, dpopJkt: 'k' })
    expect(await pushedRequests.find(uri, 'c')).toEqual(found)
    expect(await pushedRequests.find(uri, 'd')).toBeNull()
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => database.write((write) => pushedRequests.useIn(write, found!.hash))),
    )
    expect(outcomes.toSorted()).toEqual(['used', 'used', 'used-up'])
    expect(await pushedRequests.find(uri, 'c')).toBeNull()
  })

  it('last for a minute; something may still come of what was opened then', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { pushedRequests, database } = access
    const uri = await pushedRequests.push({ clientId: 'c', parameters, dpopJkt: null })
    const { hash } = (await pushedRequests.find(uri, 'c'))!
    clock.advance(60_000)
    expect(await pushedRequests.find(uri, 'c')).toBeNull()
    clock.advance(30 * 60_000)
    await pushedRequests.prune()
    const rows = await database.query.selectFrom('pushed_requests').selectAll().execute()
    expect(rows).toMatchObject([{ hash, parameters: '[]' }])
    const use = () => database.write((write) => pushedRequests.useIn(write, hash))
    expect([await use(), await use()]).toEqual(['used-up', 'used'])
  })
})

describeDatabases('areas', (_kind, locate) => {
  const geometry = (size: number) => ({
    type: 'Polygon' as const,
    coordinates: [
      [
        [0, 0],
        [size, 0],
        [size, size],
        [0, 0],
      ],
    ],
  })

  const detail = (area: string): MapDataDetail => ({
    type: 'map_data',
    actions: ['read'],
    collections: null,
    area,
  })

  it('have one id each, and are kept when something is granted with them', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { areas, database, consents } = access
    const { clientId, account } = await scene(access)
    const create = (size: number, name = '', use: 'requested' | 'issued' = 'requested') =>
      database.write((write) => areas.createIn(write, geometry(size), name, use))
    const [first, again, other, named] = [
      await create(1),
      await create(1),
      await create(2),
      await create(1, 'x'),
    ]
    expect(again).toEqual(first)
    expect(new Set([first.id, other.id, named.id]).size).toBe(3)
    expect(await areas.find(first.id)).toMatchObject({ geometry: geometry(1), name: '' })
    await consents.grant(commandLine, {
      accountId: account.id,
      clientId,
      scopes: ['read'],
      details: [detail(first.id)],
    })
    // Asked for again, it stays kept.
    await create(1)
    const issued = await create(3, '', 'issued')
    await create(3)
    clock.advance(3_600_001)
    await areas.prune()
    expect(await areas.find(first.id)).not.toBeNull()
    expect(await areas.find(other.id)).toBeNull()
    expect(await areas.find(issued.id)).not.toBeNull()
    clock.advance(86_400_000)
    await areas.prune()
    expect(await areas.find(issued.id)).toBeNull()
  })
})
