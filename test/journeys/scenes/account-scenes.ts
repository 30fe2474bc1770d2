import { readMail } from '../../support/outbox.ts'
import { beginTotp, newPerson, registerApplication, signIn, signUp } from '../people.ts'
import type { Scene } from './scene.ts'

export const accountScene: Scene = async ({ server, page, shot, visit }) => {
  const person = newPerson()
  await signUp(server, page, person)
  await signIn(server, page, person)
  await visit('account', '/account')
  for (const part of ['security', 'sessions', 'members']) {
    await visit(`account-${part}`, `/account/${part}`)
  }
  await visit('account-consents-empty', '/account/consents')
  await page.goto(`${server.url}/account`)
  await page.fill('#name', '')
  await page.click('#save-name')
  await shot('account-fault')
  const email = newPerson().email
  await page.goto(`${server.url}/account`)
  await page.fill('#email', email)
  await page.click('#change-email')
  await shot('account-email-sent')
  await page.goto((await readMail(server, email, '/account/email')).link)
  await shot('account-email')
  await page.click('#confirm-email')
  await shot('account-email-changed')
  await visit('account-delete', '/account/delete')
  await page.fill('#current_password', 'wrong')
  await page.click('#delete')
  await shot('account-delete-fault')
}

export const totpScene: Scene = async ({ server, page, shot, visit }) => {
  const person = newPerson()
  await signUp(server, page, person)
  await signIn(server, page, person)
  await page.goto(`${server.url}/account/security`)
  await page.click('#begin-totp')
  await shot('totp')
  await page.fill('#code', '000000')
  await page.click('#confirm-totp')
  await shot('totp-wrong')
  await beginTotp(server, page)
  await shot('recovery-codes')
  await visit('account-security-totp', '/account/security')
}

export const applicationScene: Scene = async ({ server, callbackUrl, page, shot, visit }) => {
  const person = newPerson('Grace Brewster Murray Hopper')
  await signUp(server, page, person)
  await signIn(server, page, person)
  await visit('applications-empty', '/applications')
  await visit('application-new', '/applications/new')
  await page.fill('#redirect_uris', 'nonsense')
  await page.click('#register')
  await shot('application-new-faults')
  const clientId = await registerApplication(server, page, {
    name: 'Snow ploughs',
    website: 'https://ploughs.example/',
    redirectUri: callbackUrl,
    scopes: ['read', 'write', 'upload'],
  })
  await shot('application-registered')
  await visit('applications', '/applications')
  await visit('application', `/applications/${clientId}`)
  await page.click('summary >> text=New secret')
  await page.fill('#secret_description', 'The second one')
  await shot('application-open')
  await page.click('#create-secret')
  await shot('application-secret')
  await visit('application-delete', `/applications/${clientId}/delete`)
  await page.click('#delete')
  await shot('application-deleted')
}

export const memberScene: Scene = async ({ server, callbackUrl, page, shot, visit }) => {
  const person = newPerson('Grace Hopper')
  await signUp(server, page, person)
  await signIn(server, page, person)
  const application = { name: 'Snow ploughs', redirectUri: callbackUrl, scopes: ['read'] }
  await registerApplication(server, page, application)
  await page.goto(`${server.url}/account/members`)
  const { email } = newPerson()
  await page.fill('#email', email)
  await page.click('#invite')
  await shot('members')
  const { link } = await readMail(server, email, '/invitation')
  await page.goto(link)
  await shot('invitation-of-somebody-else')
  await page.goto(`${server.url}/sign-out`)
  await page.click('#submit')
  await page.goto(link)
  await shot('invitation')
  await page.click('#submit')
  await shot('invitation-faults')
  await signUp(server, page, { ...newPerson(), email })
  await page.goto(link)
  await shot('invitation-with-account')
  await visit('sign-in-again', '/sign-in')
}
