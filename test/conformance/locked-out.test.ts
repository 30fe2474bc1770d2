import { rm } from 'node:fs/promises'
import { generateSync } from 'otplib'
import { describe, expect, it } from 'vitest'
import { databaseEnvironment } from '../support/installation.ts'
import { allMails, readMail } from '../support/outbox.ts'
import { mapgate, startServer, temporaryFolder } from '../support/server.ts'
import { createVisitor } from '../support/visitor.ts'

/** A person has lost the device and the recovery codes; an operator lets them in again. */

const EMAIL = 'ann@lund.example'
const PASSWORD = 'several quiet words in a row'

describe.each(['sqlite', 'postgres'] as const)('who has lost every second factor (%s)', (kind) => {
  it(
    'signs in with the password again after a reset, and is told',
    { timeout: 120_000 },
    async () => {
      const dataDir = temporaryFolder()
      await using server = await startServer({
        environment: await databaseEnvironment(kind),
        dataDir,
      })
      const person = createVisitor(server.url)
      await person.post('/sign-up', { name: 'Ann', email: EMAIL, password: PASSWORD })
      const { link } = await readMail(server, EMAIL, '/confirm')
      await person.post('/confirm', Object.fromEntries(new URL(link).searchParams))
      const signIn = (visitor = createVisitor(server.url)) =>
        visitor.post('/sign-in', { email: EMAIL, password: PASSWORD })
      expect((await signIn(person)).location).toBe('/account')
      const reset = ['accounts', 'reset-second-factors', EMAIL]
      await expect(mapgate(server, ...reset)).rejects.toThrow('no-second-factor')
      expect((await person.get('/account')).status).toBe(200)

      const form_token = await person.tokenOf('/account/security')
      const begun = await person.post('/account/security/totp', { form_token })
      const secret = /id="totp-secret"[^>]*>([A-Z2-7]+)</.exec(begun.body)![1]!
      const code = generateSync({ secret })
      const confirmed = await person.post('/account/security/totp/confirm', { form_token, code })
      expect(confirmed.status).toBe(200)
      const stopped = await signIn()
      expect(stopped.location).toMatch(/^\/sign-in\/second-factor/)

      const { account, removed } = await mapgate<{ account: { id: string }; removed: object }>(
        server,
        ...reset,
      )
      expect(account).toMatchObject({ email: EMAIL, hasTotp: false, hasPassword: true })
      expect(removed).toEqual({ totp: true, passkeys: 0, recoveryCodes: 10 })
      expect((await person.get('/account')).status).toBe(303)
      const again = createVisitor(server.url)
      expect((await signIn(again)).location).toBe('/account')
      expect((await again.get('/account')).status).toBe(200)

      const told = await readMail(server, EMAIL, 'your second factors were removed')
      expect(told.text).toContain('Hello Ann,')
      expect(told.link).toBe(`${server.url}/forgot-password`)
      const { events } = await mapgate<{ events: object[] }>(
        server,
        ...['audit', 'list', '--object', account.id, '--action', 'second-factors.reset'],
      )
      expect(events).toMatchObject([
        { actor: { kind: 'command-line' }, details: { totp: true, sessions: 1 } },
      ])
      // Once, and nothing about it before.
      const mails = await allMails(server)
      expect(mails.filter(({ subject }) => subject === told.subject)).toHaveLength(1)
      await rm(dataDir, { recursive: true, force: true })
    },
  )
})
