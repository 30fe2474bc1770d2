import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import { readMail } from '../support/outbox.ts'
import type { RunningServer } from '../support/server.ts'

/** Somebody who uses the pages. */
export interface Person {
  name: string
  email: string
  password: string
}

type Server = Pick<RunningServer, 'url' | 'dataDir'>

let count = 0

/** Nobody knows them yet. */
export function newPerson(name = 'Ada Lovelace'): Person {
  count++
  return {
    name,
    email: `person-${count}-${Date.now().toString(36)}@example.com`,
    password: `several quiet words, ${count} of them`,
  }
}

/** Signs up and confirms the e-mail; nobody is signed in after it. */
export async function signUp({ url, dataDir }: Server, page: Page, person: Person): Promise<void> {
  await page.goto(`${url}/sign-up`)
  await page.fill('#name', person.name)
  await page.fill('#email', person.email)
  await page.fill('#password', person.password)
  await page.click('#submit')
  const { link } = await readMail({ url, dataDir }, person.email, '/confirm')
  await page.goto(link)
  await page.click('#submit')
}

/** Fills in the sign-in page; what comes next is the caller's. */
export async function signIn({ url }: Server, page: Page, person: Person): Promise<void> {
  await page.goto(`${url}/sign-in`)
  await completeSignIn(page, person)
}

/** On a sign-in page that the browser was led to. */
export async function completeSignIn(page: Page, person: Person): Promise<void> {
  await page.fill('#email', person.email)
  await page.fill('#password', person.password)
  await page.click('#submit')
}

/** Registers a confidential application as the signed-in person. @returns its client id */
export async function registerApplication(
  { url }: Pick<Server, 'url'>,
  page: Page,
  application: { name: string; website?: string; redirectUri: string; scopes: readonly string[] },
): Promise<string> {
  await page.goto(`${url}/applications/new`)
  await page.fill('#name', application.name)
  await page.fill('#website', application.website ?? '')
  await page.fill('#redirect_uris', application.redirectUri)
  for (const scope of ['read', 'write', 'upload']) {
    await page.setChecked(`#scope_${scope}`, application.scopes.includes(scope))
  }
  await page.check('#type_confidential')
  await page.click('#register')
  return page.locator('#client-id').innerText()
}

/** Switches one-time codes on. @returns the authenticator app's secret, and the recovery codes */
export async function beginTotp(
  { url }: Pick<Server, 'url'>,
  page: Page,
): Promise<{ secret: string; recoveryCodes: string[] }> {
  await page.goto(`${url}/account/security`)
  await page.click('#begin-totp')
  const secret = (await page.locator('#totp-secret').innerText()).replaceAll(/\s/g, '')
  await page.fill('#code', generateSync({ secret }))
  await page.click('#confirm-totp')
  const recoveryCodes = await page.locator('#recovery-codes li').allInnerTexts()
  return { secret, recoveryCodes: recoveryCodes.map((code) => code.trim()) }
}
