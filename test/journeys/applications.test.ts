import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logIn } from '../support/api.ts'
import { addAuthenticator, openBrowser, type TestBrowser } from '../support/browser.ts'
import { readMail } from '../support/outbox.ts'
import type { RunningServer } from '../support/server.ts'
import { type Callback, startCallback } from './callback.ts'
import { startPagesServer } from './pages-server.ts'
import {
  completeSignIn,
  newPerson,
  type Person,
  registerApplication,
  signIn,
  signUp,
} from './people.ts'

/** What a signed-in person does with their applications and their account, in a browser without script. */

let server: RunningServer
let browser: TestBrowser
let callback: Callback

beforeAll(async () => {
  server = await startPagesServer()
  browser = await openBrowser()
  callback = await startCallback()
})
afterAll(async () => {
  await callback[Symbol.asyncDispose]()
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const at = (page: Page) => new URL(page.url()).pathname
const text = (page: Page, selector: string) => page.locator(selector).innerText()
const go = (page: Page, path: string) => page.goto(server.url + path)

/** Somebody who has just signed up, signed in. */
async function visitor(name?: string): Promise<[Page, Person]> {
  const page = await browser.page()
  const person = newPerson(name)
  await signUp(server, page, person)
  await signIn(server, page, person)
  return [page, person]
}

const redirected = { name: 'Snow ploughs', scopes: ['read', 'upload'] as const }
const register = (page: Page) =>
  registerApplication(server, page, { ...redirected, redirectUri: callback.url })

/** The smallest PNG: one transparent dot. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

describe('an application', () => {
  it('is registered, and its token, id, secret and authorization URL are seen at once', async () => {
    const [page] = await visitor()
    await go(page, '/applications')
    await page.click('#register-application')
    await page.fill('#name', 'Snow ploughs')
    await page.fill('#description', 'Shows cleared roads.')
    await page.fill('#website', 'https://ploughs.example')
    await page.fill('#redirect_uris', callback.url)
    await page.check('#scope_upload')
    await page.setInputFiles('#logo', { name: 'dot.png', mimeType: 'image/png', buffer: DOT })
    await page.click('#register')
    expect(await text(page, 'h1')).toBe('Snow ploughs is registered')
    const id = await text(page, '#client-id')
    const token = await text(page, '#client-token')
    const secret = await text(page, '#client-secret')
    expect(token).toMatch(new RegExp(`^MG\\|${id}\\|[0-9a-f]{32}$`))
    expect(await text(page, '#authorization-url')).toBe(
      `${server.url}/mapillary/www/connect?client_id=${id}`,
    )
    expect((await logIn(server.url, id, secret)).body['scope']).toBe('read upload')

    await page.click('#go-on')
    expect(at(page)).toBe(`/applications/${id}`)
    expect(await page.locator('img.picture').first().evaluate(isDrawn)).toBe(true)
    await go(page, '/applications')
    expect(await text(page, `#client-token-${id}`)).toBe(token)
    const url = page.locator(`#authorization-url-${id}`)
    expect(await url.isVisible()).toBe(false)
    await page.getByText('View').click()
    expect(await url.innerText()).toContain(id)
  })

  it('keeps what was typed when something is wrong', async () => {
    const [page] = await visitor()
    await go(page, '/applications/new')
    await page.fill('#name', 'Snow <ploughs>')
    await page.fill('#redirect_uris', `${callback.url}\njavascript:alert(1)`)
    await page.check('#type_public')
    await page.setChecked('#scope_read', false)
    await page.click('#register')
    expect(await text(page, '#redirect_uris-error')).toContain('javascript:alert(1)')
    expect(await page.inputValue('#name')).toBe('Snow <ploughs>')
    expect(await page.isChecked('#type_public')).toBe(true)
    expect(await page.isChecked('#scope_read')).toBe(false)
    await page.click('#error-summary a')
    await page.fill('#redirect_uris', callback.url)
    await page.click('#register')
    expect(await page.locator('#client-secret').count()).toBe(0)
    expect(await text(page, '#client-token')).toMatch(/^MG\|/)
  })

  it('gets new secrets, and loses old ones', async () => {
    const [page] = await visitor()
    const id = await register(page)
    const first = await text(page, '#client-secret')
    await page.click('#go-on')
    await page.click('summary >> text=New secret')
    await page.fill('#secret_description', 'Second server')
    await page.selectOption('#lifetime', '90')
    await page.click('#create-secret')
    const second = await text(page, '#client-secret')
    expect((await logIn(server.url, id, second)).status).toBe(200)

    await page.click('#go-on')
    await page.click('summary >> text=Replace all secrets')
    await page.fill('#roll_description', 'After the leak')
    await page.selectOption('#overlap', '0')
    await page.click('#roll-secrets')
    const third = await text(page, '#client-secret')
    expect((await logIn(server.url, id, third)).status).toBe(200)
    for (const old of [first, second]) {
      expect((await logIn(server.url, id, old)).status).toBe(401)
    }
    await page.click('#go-on')
    const token = await text(page, '#client-token')
    await page.click('#regenerate-client-token')
    expect(await text(page, '#client-token')).not.toBe(token)
    await page.click('[id^="delete-secret-"] >> visible=true')
    expect((await logIn(server.url, id, third)).status).toBe(401)
  })

  it('is changed, and deleted', async () => {
    const [page] = await visitor()
    const id = await register(page)
    await page.click('#go-on')
    await page.fill('#name', 'Gritters')
    await page.fill('#post_logout_redirect_uris', 'https://ploughs.example/bye')
    await page.check('#scope_write')
    await page.check('#refresh_mode_keep')
    await page.uncheck('#require_pkce')
    await page.click('#save')
    expect(await text(page, 'h1')).toContain('Gritters')
    expect(await page.isChecked('#scope_write')).toBe(true)
    expect(await page.isChecked('#refresh_mode_keep')).toBe(true)
    expect(await page.isChecked('#require_pkce')).toBe(false)
    expect(await page.locator('#code-verifier').count()).toBe(0)
    await page.click('#delete-application')
    await page.click('#delete')
    expect(at(page)).toBe('/applications')
    expect(await page.content()).not.toContain(id)
  })
})

describe('members', () => {
  it('are invited with a role, changed and removed', async () => {
    const [page] = await visitor('Owner')
    await register(page)
    await go(page, '/account/members')
    const invited = newPerson('Invited')
    await page.fill('#email', invited.email)
    await page.selectOption('#role', 'viewer')
    await page.click('#invite')
    expect(await text(page, '#invitations')).toContain(invited.email)

    const theirs = await browser.page()
    await theirs.goto((await readMail(server, invited.email, '/invitation')).link)
    await theirs.fill('#name', invited.name)
    await theirs.fill('#password', invited.password)
    await theirs.click('#submit')
    await go(theirs, '/applications')
    expect(await theirs.content()).toContain('Snow ploughs')
    expect(await theirs.locator('#register-application').count()).toBe(0)

    await go(page, '/account/members')
    expect(await page.locator('#invitations').count()).toBe(0)
    const row = page.getByRole('row').filter({ hasText: invited.email })
    await row.getByRole('combobox').selectOption('developer')
    await row.getByRole('button', { name: 'Change' }).click()
    await theirs.reload()
    expect(await theirs.locator('#register-application').count()).toBe(1)
    await row.getByRole('button', { name: 'Remove' }).click()
    await theirs.reload()
    expect(await theirs.content()).not.toContain('Snow ploughs')
  })

  it('are not invited by a link that was withdrawn', async () => {
    const [page] = await visitor()
    await register(page)
    await go(page, '/account/members')
    const { email } = newPerson()
    await page.fill('#email', email)
    await page.click('#invite')
    const { link } = await readMail(server, email, '/invitation')
    await page.getByRole('button', { name: 'Withdraw' }).click()
    const theirs = await browser.page()
    expect((await theirs.goto(link))!.status()).toBe(410)
  })
})

describe('an account', () => {
  it('ends a session elsewhere', async () => {
    const [page, person] = await visitor()
    const elsewhere = await browser.page()
    await signIn(server, elsewhere, person)
    await go(page, '/account/sessions')
    expect(await page.locator('.card').count()).toBe(2)
    await page.locator('.card').nth(1).getByRole('button').click()
    expect(await page.locator('.card').count()).toBe(1)
    await go(elsewhere, '/account')
    expect(at(elsewhere)).toBe('/sign-in')
    await completeSignIn(elsewhere, person)
    expect(at(elsewhere)).toBe('/account')
    await go(page, '/account/sessions')
    await page.click('#end-others')
    await elsewhere.reload()
    expect(at(elsewhere)).toBe('/sign-in')
  })

  it('takes back what it gave to an application', async () => {
    const [developer] = await visitor()
    const id = await register(developer)
    const secret = await text(developer, '#client-secret')
    await developer.click('#go-on')
    const url = await text(developer, '#oauth-authorization-url')
    const verifier = await text(developer, '#code-verifier')

    const [page] = await visitor()
    await page.goto(url)
    await page.click('#allow')
    await page.waitForURL((address) => address.href.startsWith(callback.url))
    const code = new URL(page.url()).searchParams.get('code')!
    const tokenRequest = (parameters: Record<string, string>) =>
      fetch(`${server.url}/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: id, client_secret: secret, ...parameters }),
      })
    const answer = await tokenRequest({
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback.url,
      code_verifier: verifier,
    })
    const { access_token: token, refresh_token: refreshToken } = (await answer.json()) as {
      access_token: string
      refresh_token: string
    }
    const read = () =>
      fetch(`${server.url}/maps/collections`, { headers: { authorization: `Bearer ${token}` } })
    expect((await read()).status).toBe(200)

    await go(page, '/account/consents')
    expect(await text(page, '.card')).toContain('Snow ploughs')
    expect(await text(page, '.card')).toContain('Upload imagery')
    await page.getByRole('button', { name: 'Withdraw' }).click()
    expect(await page.locator('.card').count()).toBe(0)
    expect((await read()).status).toBe(401)
    const refreshed = await tokenRequest({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    })
    expect(refreshed.status).toBe(400)
  })

  it('changes its name, and its e-mail once the new one is proven', async () => {
    const [page, person] = await visitor()
    const next = newPerson().email
    await page.fill('#name', 'Countess Lovelace')
    await page.click('#save-name')
    expect(await text(page, '.person-name')).toBe('Countess Lovelace')
    await page.fill('#email', next)
    await page.click('#change-email')
    expect(await text(page, '#current-email')).toBe(person.email)
    const { link } = await readMail(server, next, '/account/email')

    const [other] = await visitor()
    expect((await other.goto(link))!.status()).toBe(403)
    await page.goto(link)
    await page.click('#confirm-email')
    expect(await text(page, '#current-email')).toBe(next)
    expect((await readMail(server, person.email, next)).text).toContain(next)
    const elsewhere = await browser.page()
    await signIn(server, elsewhere, { ...person, email: next })
    expect(at(elsewhere)).toBe('/account')
  })

  it('tells nobody that an e-mail has another account', async () => {
    const [, known] = await visitor()
    const [page] = await visitor()
    await page.fill('#email', known.email)
    await page.click('#change-email')
    expect(await text(page, '.notice.success')).toContain('message that is on its way')
    const { text: message } = await readMail(server, known.email, 'another account')
    expect(message).toMatch(/nothing was changed/i)
  })

  it('changes its password, which ends its other sessions', async () => {
    const [page, person] = await visitor()
    const elsewhere = await browser.page()
    await signIn(server, elsewhere, person)
    await go(page, '/account/security')
    const change = async (current: string, next: string) => {
      await page.fill('#current_password', current)
      await page.fill('#new_password', next)
      await page.click('#change-password')
    }
    await change('not this one at all', 'a longer row of words')
    expect(await text(page, '#current_password-error')).toContain('not right')
    await change(person.password, 'short one')
    expect(await text(page, '#new_password-error')).toContain('at least 15')
    await change(person.password, 'a longer row of words')
    expect(await text(page, '.notice.success')).toContain('changed')
    await go(elsewhere, '/account')
    expect(at(elsewhere)).toBe('/sign-in')
    await completeSignIn(elsewhere, { ...person, password: 'a longer row of words' })
    expect(at(elsewhere)).toBe('/account')
  })

  it('names its passkeys, and removes them', async () => {
    const page = await browser.page({ script: true })
    const person = newPerson()
    await signUp(server, page, person)
    await signIn(server, page, person)
    await addAuthenticator(page)
    await go(page, '/account/security')
    await page.fill('#add-passkey [name=name]', 'Laptop')
    await page.click('#add-passkey-button')
    await page.waitForURL(/done=passkey-added/)
    expect(await text(page, '.card h3')).toBe('Laptop')
    await page.getByText('Rename').first().click()
    await page.fill('.card [name=name]', 'Old laptop')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.waitForURL(/done=passkey-renamed/)
    expect(await text(page, '.card h3')).toBe('Old laptop')
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.waitForURL(/done=passkey-removed/)
    expect(await page.locator('.card').count()).toBe(0)
  })

  it('is deleted, but not from under its applications', async () => {
    const [page, person] = await visitor()
    await register(page)
    const remove = async (password: string) => {
      await go(page, '/account')
      await page.click('#delete-account')
      await page.fill('#current_password', password)
      await page.click('#delete')
    }
    await remove('not this one at all')
    expect(await text(page, '#current_password-error')).toContain('not right')
    await remove(person.password)
    expect(await text(page, '.notice.error')).toContain('only owner')
    await go(page, '/applications')
    await page.getByText('Snow ploughs').click()
    await page.click('#delete-application')
    await page.click('#delete')
    await remove(person.password)
    expect(at(page)).toBe('/sign-in')
    await completeSignIn(page, person)
    expect(at(page)).toBe('/sign-in')
  })
})

/** Whether the browser has taken the picture for one. */
function isDrawn(image: unknown): boolean {
  return (image as { naturalWidth: number }).naturalWidth > 0
}
