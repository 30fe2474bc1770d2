import { generateSync } from 'otplib'
import { expect, it } from 'vitest'
import type { Access } from '../../server/open-access.ts'
import { commandLine, movableClock, openTestAccess } from '../support/access.ts'
import { describeDatabases } from '../support/databases.ts'
import { insertPasskey } from '../support/passkey-row.ts'

const EMAIL = 'ann@lund.example'
const PASSWORD = 'correct horse battery staple'
const OLD_KEY = Buffer.alloc(32, 7).toString('base64url')
const NEW_KEY = Buffer.alloc(32, 8).toString('base64url')

async function createPerson(access: Access, password: string | null = PASSWORD) {
  const outcome = await access.accounts.create(commandLine, {
    email: EMAIL,
    name: 'Ann',
    passwordHash: password === null ? null : await access.passwords.hash(password),
    emailConfirmed: true,
  })
  return outcome.account
}

async function createBystander(access: Access) {
  const person = { email: 'bo@lund.example', name: 'Bo', passwordHash: null, emailConfirmed: true }
  return (await access.accounts.create(commandLine, person)).account
}

const kindsOf = async (attempts: Promise<{ kind: string }>[]) =>
  (await Promise.all(attempts)).map(({ kind }) => kind)

/** With an authenticator app in use. */
async function addTotp(access: Access, accountId: string, now: number) {
  const begun = await access.secondFactors.beginTotp(accountId)
  const { secret } = begun!
  const codeAt = (at: number) => generateSync({ secret, epoch: Math.floor(at / 1_000) })
  const confirmed = await access.secondFactors.confirmTotp(commandLine, accountId, codeAt(now))
  if (confirmed.kind !== 'confirmed') throw new Error(confirmed.kind)
  return { secret, codeAt, recoveryCodes: confirmed.recoveryCodes, uri: begun!.uri }
}

describeDatabases('passwords', (_kind, locate) => {
  it('are right for their account alone, and stored as a peppered argon2id hash', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access)
    const { passwords } = access
    expect(await passwords.verify('ANN@lund.example', PASSWORD, null)).toEqual({
      kind: 'right',
      account,
    })
    expect(await passwords.verify(EMAIL, `${PASSWORD} `, null)).toEqual({ kind: 'wrong' })
    expect(await passwords.verify('bo@lund.example', PASSWORD, null)).toEqual({ kind: 'wrong' })
    expect(await passwords.verify(EMAIL, 'x'.repeat(1_000_000), null)).toEqual({ kind: 'wrong' })
    expect(await passwords.verify(`${'é'.repeat(100_000)}@x`, '', null)).toEqual({ kind: 'wrong' })
    const row = await access.database.query
      .selectFrom('accounts')
      .select('password_hash')
      .executeTakeFirstOrThrow()
    expect(row.password_hash).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=MQ\$[\w+/]{22}\$[\w+/]{43}$/,
    )
  })

  it('are nobody’s when there is none, or the account is suspended', async () => {
    await using access = await openTestAccess(await locate())
    const { id } = await createPerson(access, null)
    expect(await access.passwords.verify(EMAIL, '', null)).toEqual({ kind: 'wrong' })
    const hash = await access.passwords.hash(PASSWORD)
    await access.accounts.setPassword(commandLine, id, hash)
    await access.accounts.setSuspended(commandLine, id, true)
    expect(await access.passwords.verify(EMAIL, PASSWORD, null)).toEqual({ kind: 'wrong' })
  })

  it('open nothing while the e-mail is not confirmed, and leave no other trace than wrong ones', async () => {
    await using access = await openTestAccess(await locate())
    const passwordHash = await access.passwords.hash(PASSWORD)
    const person = { email: EMAIL, name: 'Ann', passwordHash }
    const { account } = await access.accounts.create(commandLine, person)
    const verify = (password: string) => access.passwords.verify(EMAIL, password, '192.0.2.7')
    expect(await verify(PASSWORD)).toEqual({ kind: 'unconfirmed', account })
    for (let n = 0; n < 9; n++) await verify(n % 2 ? PASSWORD : 'wrong')
    expect(await verify(PASSWORD)).toMatchObject({ kind: 'wait' })
    await access.accounts.confirmEmail(commandLine, account.id, EMAIL)
    expect(await access.passwords.verify(EMAIL, PASSWORD, null)).toMatchObject({ kind: 'right' })
  })

  it('slow down guesses that come all at once too', async () => {
    await using access = await openTestAccess(await locate())
    await createPerson(access)
    const kinds = await kindsOf(
      Array.from({ length: 40 }, () => access.passwords.verify(EMAIL, 'wrong', '192.0.2.7')),
    )
    // Two are tried at the same time.
    expect(kinds.filter((kind) => kind === 'wrong').length).toBeLessThanOrEqual(11)
    expect(kinds).toContain('wait')
  })

  it('are locked after 100 failures in a row, tried at once on two nodes, until a reset', async () => {
    const location = await locate()
    await using one = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const { id } = await createPerson(one)
    const guess = (access: Access) => access.passwords.verify(EMAIL, 'wrong', null)
    const kinds: string[] = []
    // Two run at once on each node, and sixty may wait.
    for (let round = 0; round < 3; round++) {
      kinds.push(
        ...(await kindsOf(Array.from({ length: 35 }, (_, n) => guess(n % 2 ? one : other)))),
      )
    }
    expect(kinds.filter((kind) => kind === 'wrong')).toHaveLength(100)
    expect(kinds.filter((kind) => kind === 'locked')).toHaveLength(5)
    expect(await other.passwords.verify(EMAIL, PASSWORD, null)).toEqual({ kind: 'locked' })

    await one.accounts.setPassword(commandLine, id, await one.passwords.hash(PASSWORD))
    expect(await other.passwords.verify(EMAIL, PASSWORD, null)).toMatchObject({ kind: 'right' })
  })

  it('count failures in a row, so a sign-in begins anew', async () => {
    await using access = await openTestAccess(await locate())
    await createPerson(access)
    const failures = async () =>
      (
        await access.database.query
          .selectFrom('accounts')
          .select('password_failures')
          .executeTakeFirstOrThrow()
      ).password_failures
    for (const wrong of ['one', 'two', 'three']) await access.passwords.verify(EMAIL, wrong, null)
    expect(await failures()).toBe(3)
    await access.passwords.verify(EMAIL, PASSWORD, null)
    expect(await failures()).toBe(0)
  })

  it('slow down who guesses from one network, and nobody else', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    await createPerson(access)
    const guess = (email: string, password: string, address: string) =>
      access.passwords.verify(email, password, address)
    for (let n = 0; n < 10; n++) await guess(EMAIL, 'wrong', '192.0.2.7')
    expect(await guess(EMAIL, PASSWORD, '192.0.2.7')).toEqual({ kind: 'wait', seconds: 300 })
    expect(await guess(EMAIL, PASSWORD, '192.0.2.8')).toMatchObject({ kind: 'right' })
    // The same for an e-mail that is nobody's.
    for (let n = 0; n < 10; n++) await guess('bo@lund.example', 'wrong', '192.0.2.7')
    expect(await guess('bo@lund.example', 'x', '192.0.2.7')).toMatchObject({ kind: 'wait' })
    clock.advance(300_000)
    expect(await guess(EMAIL, PASSWORD, '192.0.2.7')).toMatchObject({ kind: 'right' })
  })

  it('tell the audit log of failures without what was typed', async () => {
    await using access = await openTestAccess(await locate())
    const { id } = await createPerson(access)
    await access.passwords.verify(EMAIL, 'hunter2', '192.0.2.7')
    await access.passwords.verify(EMAIL, 'hunter3', '192.0.2.7')
    await access.passwords.verify('my-own-password', 'x', '192.0.2.7')
    await access.audit.flush()
    const failures = (await access.audit.list({ limit: 10 })).filter(
      ({ outcome }) => outcome === 'failure',
    )
    expect(failures).toHaveLength(2)
    expect(failures).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          action: 'authentication',
          object: { kind: 'account', id },
          details: { reason: 'wrong-password', count: 2 },
        }),
        expect.objectContaining({
          object: { kind: 'account', id: '' },
          details: { reason: 'unknown-email', count: 1 },
        }),
      ]),
    )
    expect(JSON.stringify(failures)).not.toMatch(/hunter|my-own/)
  })

  it('are hashed under the newest pepper at the next sign-in', async () => {
    const location = await locate()
    const settings = { masterKey: `1:${OLD_KEY}` }
    const session = await (async () => {
      await using access = await openTestAccess(location, { settings })
      const { id } = await createPerson(access)
      const begun = { accountId: id, methods: ['pwd'], address: null, userAgent: '' } as const
      return await access.sessions.begin(begun)
    })()
    const both = { masterKey: `2:${NEW_KEY},1:${OLD_KEY}` }
    await using access = await openTestAccess(location, { settings: both })
    const hash = async () =>
      (
        await access.database.query
          .selectFrom('accounts')
          .select('password_hash')
          .executeTakeFirstOrThrow()
      ).password_hash!
    expect(await hash()).toContain('keyid=MQ$')
    expect(await access.passwords.verify(EMAIL, PASSWORD, null)).toMatchObject({ kind: 'right' })
    expect(await hash()).toContain('keyid=Mg$')
    expect(await access.passwords.verify(EMAIL, PASSWORD, null)).toMatchObject({ kind: 'right' })
    // And what was begun under the older key goes on.
    expect(await access.sessions.find(session.cookie)).toMatchObject({ id: session.session.id })
  })
})

describeDatabases('second factors', (_kind, locate) => {
  it('open with each code once, also when it is tried twice at once', async () => {
    const clock = movableClock()
    const location = await locate()
    await using one = await openTestAccess(location, { clock })
    await using other = await openTestAccess(location, { clock })
    const { id } = await createPerson(one)
    const { codeAt, secret, uri } = await addTotp(one, id, clock.now())
    expect(await one.accounts.find(id)).toMatchObject({ hasTotp: true })
    expect(uri).toMatch(/^otpauth:\/\/totp\//)
    expect(new URL(uri).searchParams.get('secret')).toBe(secret)
    expect(JSON.stringify(await rowsOf(one))).not.toContain(secret)
    expect(await one.secondFactors.verifyTotp(id, codeAt(clock.now()))).toBe(false)

    clock.advance(30_000)
    const code = codeAt(clock.now())
    const outcomes = await Promise.all([
      one.secondFactors.verifyTotp(id, code),
      other.secondFactors.verifyTotp(id, code),
      one.secondFactors.verifyTotp(id, code),
    ])
    expect(outcomes.filter(Boolean)).toHaveLength(1)

    clock.advance(90_000)
    expect(await one.secondFactors.verifyTotp(id, codeAt(clock.now() - 60_000))).toBe(false)
    expect(await one.secondFactors.verifyTotp(id, codeAt(clock.now() + 30_000))).toBe(true)
    // Of an earlier step than the last one.
    expect(await one.secondFactors.verifyTotp(id, codeAt(clock.now()))).toBe(false)
  })

  it('are not in use before a first code was right', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await createPerson(access)
    const { secret } = (await access.secondFactors.beginTotp(id))!
    const code = generateSync({ secret, epoch: Math.floor(clock.now() / 1_000) })
    expect(await access.accounts.find(id)).toMatchObject({ hasTotp: false })
    expect(await access.secondFactors.verifyTotp(id, code)).toBe(false)
    expect(await access.secondFactors.confirmTotp(commandLine, id, 'abcdef')).toEqual({
      kind: 'wrong',
    })
    const twice = [1, 2].map(() => access.secondFactors.confirmTotp(commandLine, id, code))
    expect((await kindsOf(twice)).sort()).toEqual(['confirmed', 'wrong'])
    expect(await access.secondFactors.beginTotp(id)).toBeNull()
    expect(await access.secondFactors.recoveryCodesLeft(id)).toBe(10)
  })

  it('have recovery codes, each good once, also when it is tried twice at once', async () => {
    const clock = movableClock()
    const location = await locate()
    await using one = await openTestAccess(location, { clock })
    await using other = await openTestAccess(location, { clock })
    const { id } = await createPerson(one)
    const { recoveryCodes } = await addTotp(one, id, clock.now())
    const [first, second] = recoveryCodes as [string, string]
    const outcomes = await Promise.all(
      [one, other, one].map((access) =>
        access.secondFactors.useRecoveryCode(commandLine, id, first),
      ),
    )
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await one.secondFactors.recoveryCodesLeft(id)).toBe(9)
    const typed = ` ${second.toUpperCase().replaceAll('-', ' ')} `
    expect(await one.secondFactors.useRecoveryCode(commandLine, id, typed)).toBe(true)
    const next = await one.secondFactors.newRecoveryCodes(commandLine, id)
    expect(await one.secondFactors.useRecoveryCode(commandLine, id, recoveryCodes[2]!)).toBe(false)
    expect(await one.secondFactors.useRecoveryCode(commandLine, id, next![0]!)).toBe(true)
    expect(await one.secondFactors.useRecoveryCode(commandLine, id, '')).toBe(false)
  })

  it('are reset for who has lost them all, with sessions and sign-ins under way', async () => {
    const clock = movableClock()
    const location = await locate()
    await using one = await openTestAccess(location, { clock })
    await using other = await openTestAccess(location, { clock })
    const { id } = await createPerson(one)
    const bystander = await createBystander(one)
    const { codeAt, recoveryCodes } = await addTotp(one, id, clock.now())
    await insertPasskey(one, id, 'lost')
    await insertPasskey(one, bystander.id, 'kept')
    await one.secondFactors.useRecoveryCode(commandLine, id, recoveryCodes[0]!)
    await one.database.write(async ({ query }) => {
      await query
        .updateTable('accounts')
        .set({ second_factor_failures: 100 })
        .where('id', '=', id)
        .execute()
    })
    const signedIn = (accountId: string) =>
      one.sessions.begin({ accountId, methods: ['pwd'], address: '192.0.2.7', userAgent: 'Test' })
    const [{ cookie }, another] = [await signedIn(id), await signedIn(bystander.id)]
    const begun = await one.challenges.create('second-factor', 'browser', id, {}, 60_000)

    expect(await one.secondFactors.reset(commandLine, id)).toEqual({
      totp: true,
      passkeys: 1,
      recoveryCodes: 9,
    })
    for (const access of [one, other]) {
      const account = (await access.accounts.find(id))!
      expect(account).toMatchObject({ hasTotp: false, hasPassword: true })
      expect(await access.secondFactors.areNeeded(account)).toBe(false)
      expect(await access.sessions.find(cookie)).toBeNull()
      expect(await access.challenges.peek(begun, 'second-factor', 'browser')).toBeNull()
      expect(await access.passkeys.list(id)).toEqual([])
      expect(await access.secondFactors.recoveryCodesLeft(id)).toBe(0)
      // Nobody else's.
      expect(await access.sessions.find(another.cookie)).not.toBeNull()
      expect(await access.passkeys.list(bystander.id)).toHaveLength(1)
    }
    clock.advance(30_000)
    expect(await one.secondFactors.verifyTotp(id, codeAt(clock.now()))).toBe(false)
    expect(await one.secondFactors.useRecoveryCode(commandLine, id, recoveryCodes[1]!)).toBe(false)
    const [event] = await one.audit.list({ objectId: id, limit: 1 })
    expect(event).toMatchObject({
      action: 'second-factors.reset',
      actor: { kind: 'command-line' },
      details: { totp: true, passkeys: 1, recoveryCodes: 9, sessions: 1 },
    })

    // A new one has its hundred failures before it.
    clock.advance(300_000)
    const next = await addTotp(one, id, clock.now())
    clock.advance(30_000)
    expect(await one.secondFactors.verifyTotp(id, next.codeAt(clock.now()))).toBe(true)
  })

  it('are not reset where none is needed', async () => {
    await using access = await openTestAccess(await locate())
    const { id } = await createPerson(access)
    // Without recovery codes it stands in for the password.
    await insertPasskey(access, id, 'kept')
    await access.secondFactors.beginTotp(id)
    const before = (await access.audit.list({ limit: 100 })).length
    expect(await access.secondFactors.reset(commandLine, id)).toBeNull()
    expect(await access.secondFactors.reset(commandLine, '1')).toBeNull()
    expect(await access.passkeys.list(id)).toHaveLength(1)
    expect(await access.audit.list({ limit: 100 })).toHaveLength(before)
    await access.secondFactors.newRecoveryCodes(commandLine, id)
    expect(await access.secondFactors.reset(commandLine, id)).toEqual({
      totp: false,
      passkeys: 1,
      recoveryCodes: 10,
    })
  })

  it('slow down guesses, even a right one', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await createPerson(access)
    const { codeAt } = await addTotp(access, id, clock.now())
    clock.advance(30_000)
    for (let n = 0; n < 10; n++) await access.secondFactors.verifyTotp(id, 'wrong')
    expect(await access.secondFactors.verifyTotp(id, codeAt(clock.now()))).toBe(false)
    clock.advance(300_000)
    expect(await access.secondFactors.verifyTotp(id, codeAt(clock.now()))).toBe(true)
  })

  it('judge no more guesses that come all at once', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await createPerson(access)
    const { codeAt, recoveryCodes } = await addTotp(access, id, clock.now())
    clock.advance(30_000)
    const guesses = [...Array.from({ length: 60 }, () => 'wrong'), codeAt(clock.now())]
    const outcomes = await Promise.all(
      guesses.map((code) => access.secondFactors.verifyTotp(id, code)),
    )
    expect(outcomes).not.toContain(true)
    const judged = await access.database.query
      .selectFrom('accounts')
      .select('second_factor_failures')
      .executeTakeFirstOrThrow()
    expect(judged.second_factor_failures).toBe(10)
    expect(await access.secondFactors.useRecoveryCode(commandLine, id, recoveryCodes[0]!)).toBe(
      false,
    )
  })

  it('count nothing that was right', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await createPerson(access)
    const { recoveryCodes } = await addTotp(access, id, clock.now())
    for (const code of recoveryCodes) {
      expect(await access.secondFactors.useRecoveryCode(commandLine, id, code)).toBe(true)
    }
    for (let n = 0; n < 9; n++) await access.secondFactors.verifyTotp(id, 'wrong')
    const codes = await access.secondFactors.newRecoveryCodes(commandLine, id)
    expect(await access.secondFactors.useRecoveryCode(commandLine, id, codes![0]!)).toBe(true)
  })

  it('have a ceiling of their own, which neither the right password nor a new one lifts', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await createPerson(access)
    const { codeAt, recoveryCodes } = await addTotp(access, id, clock.now())
    for (let round = 0; round < 11; round++) {
      clock.advance(300_000)
      const right = await access.passwords.verify(EMAIL, PASSWORD, null)
      expect(right).toMatchObject({ kind: 'right' })
      for (let n = 0; n < 10; n++) await access.secondFactors.verifyTotp(id, 'wrong')
    }
    const next = () => {
      clock.advance(300_000)
      return access.secondFactors.verifyTotp(id, codeAt(clock.now()))
    }
    expect(await next()).toBe(false)
    await access.accounts.setPassword(commandLine, id, await access.passwords.hash(PASSWORD))
    expect(await next()).toBe(false)
    expect(await access.secondFactors.useRecoveryCode(commandLine, id, recoveryCodes[0]!)).toBe(
      true,
    )
    expect(await next()).toBe(true)
  })

  it('are passkeys too, from their first recovery codes to the last passkey', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { secondFactors } = access
    const { id } = await createPerson(access)
    const needed = async () => secondFactors.areNeeded((await access.accounts.find(id))!)
    expect(await secondFactors.newRecoveryCodes(commandLine, id)).toBeNull()
    await insertPasskey(access, id, 'one')
    await insertPasskey(access, id, 'two')
    expect(await needed()).toBe(false)

    const codes = (await secondFactors.newRecoveryCodes(commandLine, id))!
    expect(await needed()).toBe(true)
    for (const code of codes) await secondFactors.useRecoveryCode(commandLine, id, code)
    expect(await secondFactors.recoveryCodesLeft(id)).toBe(0)
    expect(await needed()).toBe(true)

    const { recoveryCodes } = await addTotp(access, id, clock.now())
    await secondFactors.removeTotp(commandLine, id)
    for (const code of recoveryCodes) await secondFactors.useRecoveryCode(commandLine, id, code)
    expect(await needed()).toBe(true)

    await access.passkeys.remove(commandLine, id, 'one')
    expect(await needed()).toBe(true)
    await access.passkeys.remove(commandLine, id, 'two')
    expect(await needed()).toBe(false)
    // A passkey of later must not be asked for because of codes that nobody has any more.
    await insertPasskey(access, id, 'three')
    expect(await needed()).toBe(false)
  })

  it('leave an app its recovery codes when the last passkey is removed', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await createPerson(access)
    await addTotp(access, id, clock.now())
    await insertPasskey(access, id, 'key')
    await access.passkeys.remove(commandLine, id, 'key')
    expect(await access.secondFactors.recoveryCodesLeft(id)).toBe(10)
  })

  it('end with their recovery codes', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { id } = await createPerson(access)
    const { codeAt } = await addTotp(access, id, clock.now())
    await access.secondFactors.removeTotp(commandLine, id)
    clock.advance(30_000)
    expect(await access.secondFactors.verifyTotp(id, codeAt(clock.now()))).toBe(false)
    expect(await access.secondFactors.recoveryCodesLeft(id)).toBe(0)
    expect(await access.accounts.find(id)).toMatchObject({ hasTotp: false })
  })
})

describeDatabases('links by e-mail', (_kind, locate) => {
  it('work once, for their purpose alone, also when used twice at once', async () => {
    const location = await locate()
    await using one = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const text = await one.emailLinks.create({
      purpose: 'confirm',
      accountId: '1',
      email: EMAIL,
      continueTo: '/consent?interaction=1',
    })
    expect(text).toMatch(/^mgl_[0-9A-Za-z]{43}$/)
    expect(
      JSON.stringify(await one.database.query.selectFrom('email_links').selectAll().execute()),
    ).not.toContain(text)
    expect(await one.emailLinks.use(text, 'reset')).toBeNull()
    expect(await one.emailLinks.find(text, 'confirm')).toMatchObject({
      accountId: '1',
      email: EMAIL,
      continueTo: '/consent?interaction=1',
    })
    const uses = await Promise.all(
      [one, other, one, other].map((access) => access.emailLinks.use(text, 'confirm')),
    )
    expect(uses.filter((link) => link !== null)).toHaveLength(1)
    expect(await one.emailLinks.find(text, 'confirm')).toBeNull()
    for (const wrong of ['', 'mgl_', `${text}x`, `mgl_${'é'.repeat(43)}`]) {
      expect(await one.emailLinks.use(wrong, 'confirm')).toBeNull()
    }
  })

  it('expire and are pruned', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const text = await access.emailLinks.create({ purpose: 'reset', accountId: '1', email: EMAIL })
    clock.advance(3_600_000)
    expect(await access.emailLinks.find(text, 'reset')).toBeNull()
    expect(await access.emailLinks.use(text, 'reset')).toBeNull()
    await access.emailLinks.prune()
    expect(await access.database.query.selectFrom('email_links').selectAll().execute()).toEqual([])
  })

  it('of a setup leave one, and invitations one for each person', async () => {
    await using access = await openTestAccess(await locate())
    const { emailLinks } = access
    const first = await emailLinks.create({ purpose: 'setup', email: '' })
    const reset = await emailLinks.create({ purpose: 'reset', accountId: '1', email: EMAIL })
    const second = await emailLinks.create({ purpose: 'setup', email: '' })
    expect(await emailLinks.find(first, 'setup')).toBeNull()
    expect(await emailLinks.find(reset, 'reset')).not.toBeNull()
    expect(await emailLinks.find(second, 'setup')).toMatchObject({ accountId: null, email: '' })

    const invite = (email: string, customerId: string) =>
      emailLinks.create({ purpose: 'invite', email, customerId, role: 'developer' })
    const older = await invite(EMAIL, 'lund')
    const newer = await invite(EMAIL, 'lund')
    await invite('bo@lund.example', 'lund')
    await invite(EMAIL, 'malmö')
    expect(await emailLinks.find(older, 'invite')).toBeNull()
    const invitations = await emailLinks.listInvitations('lund')
    expect(invitations.map(({ email }) => email).sort()).toEqual([EMAIL, 'bo@lund.example'])
    const { id } = (await emailLinks.find(newer, 'invite'))!
    expect(await emailLinks.withdraw('malmö', id)).toBe('unknown')
    expect(await emailLinks.withdraw('lund', id)).toBe('withdrawn')
    expect(await emailLinks.use(newer, 'invite')).toBeNull()
  })
})

describeDatabases('challenges', (_kind, locate) => {
  it('are answered once, by the browser they were given to, for what they were made', async () => {
    const location = await locate()
    await using one = await openTestAccess(location)
    await using other = await openTestAccess(location)
    const text = await one.challenges.create('second-factor', 'browser', '1', { a: 1 }, 60_000)
    expect(await one.challenges.take(text, 'second-factor', 'other')).toBeNull()
    expect(await one.challenges.take(text, 'upstream', 'browser')).toBeNull()
    expect(await one.challenges.peek(text, 'second-factor', 'browser')).toEqual({
      accountId: '1',
      body: { a: 1 },
    })
    const taken = await Promise.all(
      [one, other, one].map((access) => access.challenges.take(text, 'second-factor', 'browser')),
    )
    expect(taken.filter((challenge) => challenge !== null)).toEqual([
      { accountId: '1', body: { a: 1 } },
    ])
  })

  it('expire and are pruned', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const text = await access.challenges.create('upstream', 'browser', null, {}, 60_000)
    clock.advance(60_000)
    expect(await access.challenges.take(text, 'upstream', 'browser')).toBeNull()
    await access.challenges.prune()
    expect(await access.database.query.selectFrom('challenges').selectAll().execute()).toEqual([])
  })
})

const rowsOf = (access: Access) =>
  access.database.query.selectFrom('accounts').selectAll().execute()
