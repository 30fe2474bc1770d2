import { expect, it } from 'vitest'
import type { Access } from '../../server/open-access.ts'
import { commandLine, movableClock, openTestAccess } from '../support/access.ts'
import { createAuthenticator } from '../support/authenticator.ts'
import { describeDatabases } from '../support/databases.ts'

const ORIGIN = 'http://localhost:8080'
const BROWSER = 'browser'

async function createPerson(access: Access, email = 'ann@lund.example') {
  const person = { email, name: 'Ann', passwordHash: null, emailConfirmed: true }
  return (await access.accounts.create(commandLine, person)).account
}

const challengeOf = ({ options }: { options: object }) =>
  (options as { challenge: string }).challenge

async function addPasskey(
  access: Access,
  account: Awaited<ReturnType<typeof createPerson>>,
  authenticator = createAuthenticator(ORIGIN),
) {
  const begun = await access.passkeys.beginRegistration(account, BROWSER)
  const response = authenticator.register(challengeOf(begun))
  const outcome = await access.passkeys.finishRegistration(
    commandLine,
    account,
    BROWSER,
    begun.challenge,
    response,
    ' Telephone ',
  )
  return { authenticator, outcome, begun, response }
}

describeDatabases('passkeys', (_kind, locate) => {
  it('sign a person in without password', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access)
    const { authenticator, outcome } = await addPasskey(access, account)
    expect(outcome).toMatchObject({ kind: 'registered', passkey: { name: 'Telephone' } })
    const begun = await access.passkeys.beginAuthentication(BROWSER, null)
    expect(begun.options).toMatchObject({ rpId: 'localhost', userVerification: 'required' })
    expect(JSON.stringify(begun.options)).not.toContain('allowCredentials')
    const response = authenticator.assert(challengeOf(begun))
    const attempts = await Promise.all(
      [1, 2].map(() => access.passkeys.finishAuthentication(BROWSER, begun.challenge, response)),
    )
    expect(attempts.filter(({ kind }) => kind === 'right')).toEqual([
      { kind: 'right', account, userVerified: true },
    ])
    expect(await access.passkeys.list(account.id)).toMatchObject([
      { id: authenticator.id, name: 'Telephone', lastUsedAt: expect.any(Number) },
    ])
  })

  it('are a second factor of their own account alone', async () => {
    await using access = await openTestAccess(await locate())
    const [ann, bo] = [await createPerson(access), await createPerson(access, 'bo@lund.example')]
    const { authenticator: ofAnn } = await addPasskey(access, ann)
    const { authenticator: ofBo } = await addPasskey(access, bo)
    const attempt = async (passkey: typeof ofAnn, verified: boolean) => {
      const begun = await access.passkeys.beginAuthentication(BROWSER, ann.id)
      const response = passkey.assert(challengeOf(begun), { verified })
      return access.passkeys.finishAuthentication(BROWSER, begun.challenge, response)
    }
    expect(await attempt(ofBo, true)).toEqual({ kind: 'wrong' })
    expect(await attempt(ofAnn, false)).toMatchObject({ kind: 'right', userVerified: false })
  })

  it('alone ask the device who holds it', async () => {
    await using access = await openTestAccess(await locate())
    const { authenticator } = await addPasskey(access, await createPerson(access))
    const begun = await access.passkeys.beginAuthentication(BROWSER, null)
    const response = authenticator.assert(challengeOf(begun), { verified: false })
    expect(await access.passkeys.finishAuthentication(BROWSER, begun.challenge, response)).toEqual({
      kind: 'wrong',
    })
  })

  it('refuse another site, another browser, an old challenge and nonsense', async () => {
    const clock = movableClock()
    await using access = await openTestAccess(await locate(), { clock })
    const { authenticator } = await addPasskey(access, await createPerson(access))
    const begin = () => access.passkeys.beginAuthentication(BROWSER, null)
    const finish = (challenge: string, response: unknown, browser = BROWSER) =>
      access.passkeys.finishAuthentication(browser, challenge, response)
    const foreign = await begin()
    const phished = authenticator.assert(challengeOf(foreign), { origin: 'http://localhost.evil' })
    expect(await finish(foreign.challenge, phished)).toEqual({ kind: 'wrong' })
    const begun = await begin()
    const response = authenticator.assert(challengeOf(begun))
    expect(await finish(begun.challenge, response, 'other')).toEqual({ kind: 'wrong' })
    const next = await begin()
    expect(await finish(next.challenge, response)).toEqual({ kind: 'wrong' })
    for (const nonsense of [null, 'x', [], {}, { id: authenticator.id }, { id: 1, response: {} }]) {
      const asked = await begin()
      expect(await finish(asked.challenge, nonsense)).toEqual({ kind: 'wrong' })
      const half = await begin()
      const broken = { id: authenticator.id, rawId: authenticator.id, response: nonsense }
      expect(await finish(half.challenge, broken)).toEqual({ kind: 'wrong' })
    }
    const late = await begin()
    clock.advance(300_000)
    expect(await finish(late.challenge, authenticator.assert(challengeOf(late)))).toEqual({
      kind: 'wrong',
    })
  })

  it('show a copy by its counter', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access)
    const { authenticator } = await addPasskey(access, account)
    const attempt = async (counter: number) => {
      const begun = await access.passkeys.beginAuthentication(BROWSER, null)
      const response = authenticator.assert(challengeOf(begun), { counter })
      return (await access.passkeys.finishAuthentication(BROWSER, begun.challenge, response)).kind
    }
    expect(await attempt(5)).toBe('right')
    expect(await attempt(5)).toBe('wrong')
    expect(await attempt(6)).toBe('right')
    const both = await Promise.all([attempt(7), attempt(7)])
    expect(both.sort()).toEqual(['right', 'wrong'])
  })

  it('belong to one account', async () => {
    await using access = await openTestAccess(await locate())
    const [ann, bo] = [await createPerson(access), await createPerson(access, 'bo@lund.example')]
    const { authenticator, begun, response } = await addPasskey(access, ann)
    expect((await addPasskey(access, bo, authenticator)).outcome).toEqual({ kind: 'refused' })
    // A challenge is good once, and for its account.
    expect(
      await access.passkeys.finishRegistration(
        commandLine,
        ann,
        BROWSER,
        begun.challenge,
        response,
        'Again',
      ),
    ).toEqual({ kind: 'refused' })
    expect(await access.passkeys.rename(commandLine, bo.id, authenticator.id, 'Mine')).toBe(
      'unknown',
    )
    expect(await access.passkeys.remove(commandLine, bo.id, authenticator.id)).toBe('unknown')
    expect(await access.passkeys.rename(commandLine, ann.id, authenticator.id, 'Mine')).toBe(
      'renamed',
    )
    expect(await access.passkeys.list(ann.id)).toMatchObject([{ name: 'Mine' }])
    expect(await access.passkeys.remove(commandLine, ann.id, authenticator.id)).toBe('removed')
    expect(await access.passkeys.list(ann.id)).toEqual([])
  })

  it('do not let a suspended person in', async () => {
    await using access = await openTestAccess(await locate())
    const account = await createPerson(access)
    const { authenticator } = await addPasskey(access, account)
    await access.accounts.setSuspended(commandLine, account.id, true)
    const begun = await access.passkeys.beginAuthentication(BROWSER, null)
    const response = authenticator.assert(challengeOf(begun))
    expect(await access.passkeys.finishAuthentication(BROWSER, begun.challenge, response)).toEqual({
      kind: 'wrong',
    })
  })
})
