import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { mapgate } from '../../support/server.ts'
import { completeSignIn, newPerson, signIn, signUp } from '../people.ts'
import type { Scene } from './scene.ts'

export const linkScene: Scene = async ({ server, visit }) => {
  const setup = /\/setup\?token=\w+/.exec(server.log())?.[0]
  await visit('setup', setup ?? '')
  await visit('dead-link', '/confirm?token=x')
  await visit('start-over', '/consent?interaction=x')
  await visit('authorization-error', '/oauth2/authorize?client_id=nobody')
}

export const deliveryScene: Scene = async ({ server, page, shot, visit }) => {
  const { id } = await mapgate<{ id: string }>(
    server,
    ...['requests', 'create', '--name', 'Snow ploughs', '--credential-name', 'dispatch server'],
    ...['--scope', 'read', '--use', 'Shows cleared roads', '--contact', 'ann@lund.example'],
  )
  const { deliveryUrl } = await mapgate<{ deliveryUrl: string }>(
    server,
    ...['requests', 'approve', id, '--customer', 'demo', '--scope', 'read write'],
  )
  await page.goto(deliveryUrl)
  await shot('delivery')
  await page.click('button')
  await shot('delivery-revealed')
  await page.goto(deliveryUrl)
  await shot('delivery-used')
  await visit('delivery-unknown', '/client-requests/delivery/x')
}

export const refusalScene: Scene = async ({ server, developer, page, shot, visit }) => {
  await page.goto(`${server.url}/sign-in`)
  await page.context().clearCookies()
  await completeSignIn(page, developer)
  await shot('expired-form')

  const guessed = newPerson()
  await signUp(server, page, guessed)
  const wrong = { ...guessed, password: 'not the password at all' }
  let status = 0
  for (let attempt = 0; attempt < 20 && status !== 429; attempt++) {
    const answer = page.waitForResponse((response) => response.request().method() === 'POST')
    await signIn(server, page, wrong)
    status = (await answer).status()
  }
  await shot('too-many-attempts')

  await signIn(server, page, developer)
  await visit('application-unknown', '/applications/1')
  // A table that is gone is as unexpected as anything.
  const database = new DatabaseSync(join(server.dataDir, 'mapgate.sqlite'), { timeout: 5_000 })
  database.exec('alter table device_codes rename to device_codes_gone')
  try {
    await page.goto(`${server.url}/device`)
    await page.fill('#user_code', 'BBBB-BBBB')
    await page.click('#submit')
    await shot('unexpected')
  } finally {
    database.exec('alter table device_codes_gone rename to device_codes')
    database.close()
  }
}
