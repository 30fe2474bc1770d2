import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { commandLine } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { postForm } from '../support/page-form.ts'

const KNOWN = 'ann@example.com'
const UNCONFIRMED = 'cleo@example.com'
const UNKNOWN = 'bo@example.com'
const PASSWORD = 'quiet words for a test'

/** What a form costs after its answer: rows that are written, and mails, sent or not. */
function watch({ access: { accounts, challenges, emailLinks, mail } }: TestApp) {
  const created = vi.spyOn(accounts, 'create')
  const rows = [
    vi.spyOn(emailLinks, 'create'),
    vi.spyOn(emailLinks, 'pretend'),
    vi.spyOn(challenges, 'create'),
  ]
  const send = vi.spyOn(mail, 'send')
  const pretend = vi.spyOn(mail, 'pretend')
  const lookUps = [created, vi.spyOn(accounts, 'findByEmail')]
  const calls = (spies: { mock: { calls: unknown[] } }[]) =>
    spies.reduce((sum, { mock }) => sum + mock.calls.length, 0)
  return {
    async cost() {
      const outcomes = await Promise.all(created.mock.results.map(({ value }) => value))
      const accounts = outcomes.filter((outcome) => outcome?.kind === 'created').length
      return { rows: calls(rows) + accounts, mails: calls([send, pretend]) }
    },
    begun: () => calls([...rows, ...lookUps, send, pretend]),
    sent: () => send.mock.calls.map(([{ to, subject }]) => `${to} ${subject}`),
    clear: () => [...rows, ...lookUps, send, pretend].forEach((spy) => spy.mockClear()),
  }
}

async function openWithPeople(
  location: Parameters<typeof openTestApp>[0],
  overrides: Parameters<typeof openTestApp>[1] = {},
) {
  const app = await openTestApp(location, overrides)
  const passwordHash = await app.access.passwords.hash(PASSWORD)
  const create = async (email: string, emailConfirmed: boolean) =>
    (
      await app.access.accounts.create(commandLine, {
        email,
        name: 'Ann',
        passwordHash,
        emailConfirmed,
      })
    ).account
  const ann = await create(KNOWN, true)
  await create(UNCONFIRMED, false)
  return { app, ann, watched: watch(app) }
}

const FORMS = [
  ['/forgot-password', {}, [KNOWN, UNCONFIRMED, UNKNOWN]],
  ['/sign-up', { name: 'Bo', password: 'other words for a test' }, [KNOWN, UNCONFIRMED, UNKNOWN]],
  ['/sign-in', { password: PASSWORD }, [UNCONFIRMED, UNKNOWN]],
] as const

describeDatabases('whether an e-mail is known', (_kind, locate) => {
  it.each(FORMS)(
    'begins nothing at %s before the answer or right after it',
    async (url, fields) => {
      const backgroundDelay = { least: 400, most: 401 }
      const { app, watched } = await openWithPeople(await locate(), { backgroundDelay })
      await using _ = app
      const email = url === '/sign-in' ? UNCONFIRMED : KNOWN
      watched.clear()
      const { statusCode } = await postForm(app, url, { ...fields, email })
      expect(statusCode).toBe(url === '/sign-in' ? 400 : 200)
      expect(watched.begun()).toBe(0)
      await sleep(100)
      expect(watched.begun()).toBe(0)
      await vi.waitFor(() => expect(watched.begun()).toBeGreaterThan(1), { timeout: 5_000 })
    },
  )

  it.each(FORMS)('costs the same at %s, however often it is asked', async (url, fields, emails) => {
    const { app, watched } = await openWithPeople(await locate())
    await using _ = app
    const costs: object[] = []
    for (const email of emails) {
      watched.clear()
      // One more than are answered by a mail.
      for (let attempt = 1; attempt <= 6; attempt++) {
        await postForm(app, url, { ...fields, email })
        const mails = Math.min(attempt, 5)
        await vi.waitFor(async () => expect(await watched.cost()).toMatchObject({ mails }), 5_000)
      }
      await sleep(50)
      costs.push(await watched.cost())
    }
    const rows = url === '/sign-up' ? 15 : url === '/sign-in' ? 10 : 5
    expect(costs).toEqual(emails.map(() => ({ rows, mails: 5 })))
  })

  it('is not told by the time of a change of address either', async () => {
    const backgroundDelay = { least: 400, most: 401 }
    const { app, ann, watched } = await openWithPeople(await locate(), { backgroundDelay })
    await using _ = app
    const signedIn = { accountId: ann.id, methods: ['pwd'], address: null, userAgent: '' } as const
    const { cookie } = await app.access.sessions.begin(signedIn)
    for (const email of [UNKNOWN, UNCONFIRMED]) {
      watched.clear()
      const { headers } = await postForm(app, '/account/email', { email }, cookie)
      expect(headers.location).toBe('/account?done=email-sent')
      expect(watched.begun()).toBe(0)
      const cost = { rows: 1, mails: 1 }
      await vi.waitFor(async () => expect(await watched.cost()).toEqual(cost), 5_000)
    }
  })

  it('is worked on at an orderly stop', async () => {
    const backgroundDelay = { least: 60_000, most: 60_001 }
    const { app, watched } = await openWithPeople(await locate(), { backgroundDelay })
    await postForm(app, '/forgot-password', { email: KNOWN })
    expect(watched.sent()).toEqual([])
    await app[Symbol.asyncDispose]()
    expect(watched.sent()).toEqual([`${KNOWN} Mapgate: set a new password`])
  })
})
