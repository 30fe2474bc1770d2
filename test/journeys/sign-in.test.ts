import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addAuthenticator, openBrowser, type TestBrowser } from '../support/browser.ts'
import { readMail } from '../support/outbox.ts'
import type { RunningServer } from '../support/server.ts'
import { startPagesServer } from './pages-server.ts'
import {
  beginTotp,
  completeSignIn,
  newPerson,
  type Person,
  registerApplication,
  signIn,
  signUp,
} from './people.ts'

let server: RunningServer
let browser: TestBrowser

beforeAll(async () => {
  server = await startPagesServer()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Invited before they have an account. */
const newcomer = newPerson('Annie Easley')

const at = (page: Page) => page.url().replace(server.url, '')
const text = (page: Page, selector: string) => page.locator(selector).innerText()

/** A page of somebody who has just signed up, and is not signed in. */
async function signedUp(options: { script?: boolean } = {}): Promise<[Page, Person]> {
  const page = await browser.page(options)
  const person = newPerson()
  await signUp(server, page, person)
  return [page, person]
}

/** A code of the next time step: the one of this step may be used up. */
const nextCode = (secret: string) =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1_000) + 30 })

describe('without script', () => {
  it('signs up, confirms the e-mail, signs in and out', async () => {
    const page = await browser.page()
    const person = newPerson()
    await page.goto(`${server.url}/sign-in`)
    expect(await page.locator('#passkey-form').isVisible()).toBe(false)
    await page.click('#sign-up')
    await page.fill('#name', person.name)
    await page.fill('#email', person.email)
    await page.fill('#password', person.password)
    await page.click('#submit')
    expect(await text(page, '#sent')).toContain(person.email)

    await signIn(server, page, person)
    expect(await text(page, 'main')).toContain('a new message is on its way')
    const mail = await readMail(server, person.email, 'confirm')
    await page.goto(mail.link)
    await page.click('#submit')
    expect(await text(page, '[role=status]')).toContain('confirmed')
    await page.goto(mail.link)
    expect(await text(page, 'h1')).toBe('This link does not work any more')

    await signIn(server, page, person)
    expect(at(page)).toBe('/account')
    expect(await text(page, '.person-name')).toBe(person.name)
    await page.click('#sign-out')
    expect(at(page)).toBe('/sign-in?notice=signed-out')
    await page.goto(`${server.url}/account`)
    expect(at(page)).toContain('/sign-in')
  })

  it('says what is wrong, beside the field and at the top, and keeps what was typed', async () => {
    const page = await browser.page()
    await page.goto(`${server.url}/sign-up`)
    await page.fill('#name', 'Ada')
    await page.fill('#email', 'nonsense')
    await page.fill('#password', 'short')
    await page.click('#submit')
    expect(await page.locator('#error-summary').getAttribute('role')).toBe('alert')
    expect(await page.locator('#error-summary a').count()).toBe(2)
    expect(await page.locator('#name').inputValue()).toBe('Ada')
    expect(await page.locator('#email').getAttribute('aria-describedby')).toBe('email-error')
    expect(await text(page, '#password-error')).toContain('15')
    expect(await page.locator('#password').inputValue()).toBe('')
  })

  it('tells a wrong password and an unknown e-mail alike', async () => {
    const [page, person] = await signedUp()
    await signIn(server, page, { ...person, password: 'not the password at all' })
    const wrong = await text(page, 'main')
    await signIn(server, page, newPerson())
    expect(await text(page, 'main')).toBe(wrong)
    expect(wrong).toContain('The e-mail address or the password is not right.')
    await page.goto(`${server.url}/account`)
    expect(at(page)).toContain('/sign-in')
  })

  it('answers a second sign-up alike, and says so by mail only', async () => {
    const [page, person] = await signedUp()
    await page.goto(`${server.url}/sign-up`)
    await page.fill('#name', 'Somebody else')
    await page.fill('#email', person.email)
    await page.fill('#password', 'another password of somebody')
    await page.click('#submit')
    expect(await text(page, 'h1')).toBe('Check your e-mail')
    await readMail(server, person.email, '/forgot-password')
    await signIn(server, page, { ...person, password: 'another password of somebody' })
    expect(await page.locator('#error-summary').count()).toBe(1)
  })

  it('resets a forgotten password, which ends all sessions', async () => {
    const [page, person] = await signedUp()
    await signIn(server, page, person)
    const other = await browser.page()
    await other.goto(`${server.url}/sign-in`)
    await other.click('#forgot-password')
    await other.fill('#email', person.email)
    await other.click('#submit')
    const { link } = await readMail(server, person.email, '/reset-password')
    await other.goto(link)
    const password = 'a new one, longer than before'
    await other.fill('#password', password)
    await other.click('#submit')
    expect(await text(other, '[role=status]')).toContain('changed')
    await page.goto(`${server.url}/account`)
    expect(at(page)).toContain('/sign-in')
    await signIn(server, page, person)
    expect(await page.locator('#error-summary').count()).toBe(1)
    await signIn(server, page, { ...person, password })
    expect(at(page)).toBe('/account')
    await other.goto(link)
    expect(await text(other, 'h1')).toBe('This link does not work any more')
  })

  it('asks for the code of an authenticator app, each code once', async () => {
    const [page, person] = await signedUp()
    await signIn(server, page, person)
    const { secret, recoveryCodes } = await beginTotp(server, page)
    expect(recoveryCodes.length).toBeGreaterThan(5)

    const other = await browser.page()
    await signIn(server, other, person)
    expect(at(other)).toContain('/sign-in/second-factor')
    await other.goto(`${server.url}/account`)
    expect(at(other)).toContain('/sign-in')
    await signIn(server, other, person)
    await other.fill('#code', '000000')
    await other.click('#submit')
    expect(await text(other, '#code-error')).toContain('not right')
    const code = nextCode(secret)
    await other.fill('#code', code)
    await other.click('#submit')
    expect(at(other)).toBe('/account')

    const third = await browser.page()
    await signIn(server, third, person)
    await third.fill('#code', code)
    await third.click('#submit')
    expect(await text(third, '#code-error')).toContain('used already')
    await third.click('#other-factor')
    await third.fill('#recovery_code', recoveryCodes[0]!)
    await third.click('#submit')
    expect(at(third)).toBe('/account')

    const fourth = await browser.page()
    await signIn(server, fourth, person)
    await fourth.click('#other-factor')
    await fourth.fill('#recovery_code', recoveryCodes[0]!)
    await fourth.click('#submit')
    expect(await text(fourth, '#recovery_code-error')).toContain('used already')
  })

  it('keeps the second factor when the password is reset', async () => {
    const [page, person] = await signedUp()
    await signIn(server, page, person)
    const { recoveryCodes } = await beginTotp(server, page)
    await page.goto(`${server.url}/forgot-password`)
    await page.fill('#email', person.email)
    await page.click('#submit')
    const { link } = await readMail(server, person.email, '/reset-password')
    await page.goto(link)
    // Beside a second factor eight characters are enough.
    await page.fill('#password', 'qk7 zvmx')
    await page.click('#submit')
    await signIn(server, page, { ...person, password: 'qk7 zvmx' })
    expect(at(page)).toContain('/sign-in/second-factor')
    await page.click('#other-factor')
    await page.fill('#recovery_code', recoveryCodes[1]!)
    await page.click('#submit')
    expect(at(page)).toBe('/account')
  })
})

describe('links of mails', () => {
  it('sets up the first operator, once', async () => {
    const link = /http\S+\/setup\?token=\w+/.exec(server.log())![0]
    const page = await browser.page()
    await page.goto(link)
    const operator = newPerson('Margaret Hamilton')
    await page.fill('#name', operator.name)
    await page.fill('#email', operator.email)
    await page.fill('#password', 'short')
    await page.click('#submit')
    expect(await text(page, '#password-error')).toContain('15')
    await page.fill('#password', operator.password)
    await page.click('#submit')
    expect(at(page)).toBe('/account')
    await page.goto(link)
    expect(await text(page, 'h1')).toBe('This link does not work any more')
  })

  it('invites somebody without an account, and somebody who has one', async () => {
    const [owner, person] = await signedUp()
    await signIn(server, owner, person)
    const application = { name: 'Atlas', redirectUri: 'http://localhost:4000/', scopes: ['read'] }
    await registerApplication(server, owner, application)
    const [known, friend] = await signedUp()
    for (const email of [friend.email, newcomer.email]) {
      await owner.goto(`${server.url}/account/members`)
      await owner.fill('#email', email)
      await owner.selectOption('#role', 'developer')
      await owner.click('#invite-form #invite')
    }

    const other = await browser.page()
    const { link } = await readMail(server, newcomer.email, '/invitation')
    await other.goto(link)
    expect(await text(other, 'main')).toContain('developer')
    await other.fill('#name', newcomer.name)
    await other.fill('#password', newcomer.password)
    await other.click('#submit')
    expect(at(other)).toBe('/account')
    expect(await text(other, 'main')).toContain(person.name)

    const invitation = await readMail(server, friend.email, '/invitation')
    await other.goto(invitation.link)
    expect(await text(other, 'main')).toContain(`The invitation is for ${friend.email}`)
    await known.goto(invitation.link)
    await known.click('#sign-in')
    await completeSignIn(known, friend)
    await known.click('#submit')
    expect(await text(known, 'main')).toContain(person.name)
    await known.goto(invitation.link)
    expect(await text(known, 'h1')).toBe('This link does not work any more')
  })
})

describe('passkeys', () => {
  /** Of a person who is signed in. */
  async function addPasskey(page: Page): Promise<void> {
    await addAuthenticator(page)
    await page.goto(`${server.url}/account/security`)
    await page.click('#add-passkey-button')
    await page.waitForURL(/done=/)
  }

  it('sign in without a password, or as the second factor after one', async () => {
    const [page, person] = await signedUp({ script: true })
    await signIn(server, page, person)
    await beginTotp(server, page)
    await addPasskey(page)
    await page.click('#sign-out')

    await page.goto(`${server.url}/sign-in`)
    await page.click('#passkey-form-button')
    await page.waitForURL(`${server.url}/account`)
    await page.click('#sign-out')

    await signIn(server, page, person)
    expect(at(page)).toContain('/sign-in/second-factor')
    await page.click('#passkey-form-button')
    await page.waitForURL(`${server.url}/account`)
  })

  it('lock nobody out who is at another device', async () => {
    const [page, person] = await signedUp({ script: true })
    await signIn(server, page, person)
    await addPasskey(page)
    const other = await browser.page()
    await signIn(server, other, person)
    expect(at(other)).toBe('/account')
  })

  it('says so when the browser gives none', async () => {
    const page = await browser.page({ script: true })
    await addAuthenticator(page)
    await page.goto(`${server.url}/sign-in`)
    await page.click('#passkey-form-button')
    await page.waitForSelector('#passkey-form .fault:not(:empty)')
    expect(await page.locator('#passkey-form-button').isEnabled()).toBe(true)
  })
})
