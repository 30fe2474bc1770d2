import { readMail } from '../../support/outbox.ts'
import { completeSignIn, newPerson, signIn } from '../people.ts'
import type { Scene } from './scene.ts'

export const signUpScene: Scene = async ({ server, page, shot, visit }) => {
  await visit('sign-in', '/sign-in')
  await completeSignIn(page, newPerson())
  await shot('sign-in-wrong')
  await visit('sign-up', '/sign-up')
  await page.fill('#email', 'nonsense')
  await page.fill('#password', 'short')
  await page.click('#submit')
  await shot('sign-up-faults')
  const person = newPerson()
  await page.fill('#name', person.name)
  await page.fill('#email', person.email)
  await page.fill('#password', person.password)
  await page.click('#submit')
  await shot('check-your-mail')
  const { link } = await readMail(server, person.email, '/confirm')
  await page.goto(link)
  await shot('confirm')
  await page.goto(link.replace(/&proof=\w+/, ''))
  await shot('confirm-in-another-browser')
  await page.goto(link)
  await page.click('#submit')
  await shot('confirmed')
  await visit('forgot-password', '/forgot-password')
  await page.fill('#email', person.email)
  await page.click('#submit')
  await page.goto((await readMail(server, person.email, '/reset-password')).link)
  await shot('reset-password')
  await page.fill('#password', 'short')
  await page.click('#submit')
  await shot('reset-password-fault')
}

export const organisationScene: Scene = async ({ providerId, page, shot, visit }) => {
  await visit('organisation', '/sign-in/organisation')
  await page.fill('#email', 'ann@unknown.example')
  await page.click('#submit')
  await shot('organisation-unknown')
  // The page goes on at once; an answer without content leaves the browser where it is.
  const upstream = '**/sign-in/upstream?*'
  await page.route(upstream, (route) => route.fulfill({ status: 204 }))
  await page.fill('#email', 'ann@gone.example')
  await page.click('#submit')
  await shot('organisation-leading')
  await page.unroute(upstream)
  await visit('upstream-failure', `/sign-in/upstream?provider=${providerId}`)
}

export const secondFactorScene: Scene = async ({ server, careful, page, shot }) => {
  await signIn(server, page, careful)
  await shot('second-factor')
  await page.fill('#code', '000000')
  await page.click('#submit')
  await shot('second-factor-wrong')
  await page.click('#other-factor')
  await shot('recovery-code')
}

export const signOutScene: Scene = async ({ server, developer, clientId, page, shot, visit }) => {
  await signIn(server, page, developer)
  const afterwards = 'https://survey.example/bye'
  const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: afterwards })
  const path = `/oauth2/end_session?${query.toString()}`
  await visit('end-session', path)
  await page.goto(`${server.url}/oauth2/end_session`)
  await page.click('#sign-out-submit')
  await shot('end-session-done')
  await visit('end-session-done-with-link', path)
  await signIn(server, page, developer)
  await visit('sign-out', '/sign-out')
  await page.click('#submit')
  await shot('signed-out')
}
