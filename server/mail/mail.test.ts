import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { createMail, type MailMessage } from './mail.ts'
import { createMessages } from './messages.ts'
import { createOutboxTransport, createSmtpTransport, type MailTransport } from './transports.ts'

const FROM = 'Mapgate <no-reply@maps.example>'
const LINK = 'https://maps.example/confirm?token=mgl_secret'
const MESSAGE: MailMessage = {
  to: 'ann@lund.example',
  subject: 'Hello',
  text: `A line\n\n${LINK}\n`,
  link: LINK,
}

/** What was logged, as one text. */
function createLog() {
  const lines: string[] = []
  const add = (details: object, message: string) => {
    lines.push(JSON.stringify({ ...details, message }))
  }
  return { info: add, error: add, text: () => lines.join('\n') }
}

function createTestMail(transport: MailTransport, tellLinks = false) {
  const log = createLog()
  return { mail: createMail({ transport, log, clock: systemClock, tellLinks }), log }
}

describe('the outbox', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mapgate-mail-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const outbox = () =>
    createOutboxTransport({
      folder: join(folder, 'outbox'),
      from: FROM,
      clock: systemClock,
      random: systemRandom,
    })
  const files = () =>
    readdirSync(join(folder, 'outbox')).map((name) => join(folder, 'outbox', name))

  it('holds each mail in a file for its owner alone', async () => {
    const { mail, log } = createTestMail(outbox())
    mail.send(MESSAGE)
    await mail[Symbol.asyncDispose]()
    const [file] = files()
    expect(statSync(file!).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'outbox')).mode & 0o777).toBe(0o700)
    const content = readFileSync(file!, 'utf8')
    expect(content).toContain('To: ann@lund.example\n')
    expect(content).toContain('From: Mapgate <no-reply@maps.example>\n')
    expect(content).toContain('Auto-Submitted: auto-generated\n')
    expect(content).toContain(MESSAGE.text)
    expect(log.text()).toBe('')
  })

  it('tells links in the log of a development start alone', async () => {
    const { mail, log } = createTestMail(outbox(), true)
    mail.send(MESSAGE)
    await mail.flush()
    expect(log.text()).toContain(LINK)
    expect(log.text()).toContain('ann@lund.example')
  })

  it('keeps the newest 200', async () => {
    const transport = outbox()
    for (let n = 0; n < 205; n++) await transport.send({ ...MESSAGE, to: `a${n}@lund.example` })
    expect(files()).toHaveLength(200)
    const all = files()
      .map((file) => readFileSync(file, 'utf8'))
      .join('')
    expect(all).toContain('a204@')
  })

  it('lets no text become a header or a further recipient', async () => {
    const { mail } = createTestMail(outbox())
    const evil = 'Ann\r\nBcc: evil@x.example\r\n\r\nbody'
    const messages = createMessages('Maps\r\nBcc: evil@x.example')
    mail.send({ ...MESSAGE, subject: evil })
    mail.send({ ...MESSAGE, to: 'ann@lund.example\r\nBcc: evil@x.example' })
    mail.send({ ...MESSAGE, to: 'ann@lund.example, evil@x.example' })
    mail.send(messages.resetPassword('ann@lund.example', { name: evil, link: LINK }))
    await mail.flush()
    expect(files().length).toBeGreaterThanOrEqual(2)
    for (const file of files()) {
      const [head = ''] = readFileSync(file, 'utf8').split('\n\n')
      expect(head).not.toMatch(/^(bcc|cc):/im)
      expect(head.match(/^to:/gim)).toHaveLength(1)
      // One address at most: a comma that is in a name or local part stands in quotes.
      expect(head).not.toMatch(/^to: [^"\n]*, /im)
    }
  })

  it('pretends without a trace', async () => {
    const { mail, log } = createTestMail(outbox(), true)
    mail.pretend(MESSAGE)
    mail.pretend({ ...MESSAGE, to: 'no address' })
    await mail[Symbol.asyncDispose]()
    expect(existsSync(join(folder, 'outbox'))).toBe(false)
    expect(log.text()).toBe('')
  })

  it('does not flood one mailbox', async () => {
    const { mail, log } = createTestMail(outbox())
    for (let n = 0; n < 30; n++) mail.send(MESSAGE)
    mail.send({ ...MESSAGE, to: 'bo@lund.example' })
    await mail.flush()
    expect(files()).toHaveLength(21)
    expect(log.text()).toContain('too many mails')
    expect(log.text()).not.toContain('ann@')
    // Or else strangers could keep the link for a new password from its owner.
    mail.send({ ...MESSAGE, subject: 'set a new password' })
    await mail.flush()
    expect(files()).toHaveLength(22)
  })
})

describe('SMTP', () => {
  it('brings a mail to a real server, with its login', async () => {
    await using server = await startSmtp()
    const { mail } = createTestMail(createSmtpTransport({ url: server.url(), from: FROM }))
    const text = `.\nA line that begins with a dot, and å ä ö 🗺️\n.\n${LINK}\n`
    mail.send({ ...MESSAGE, text })
    await mail.flush()
    expect(server.mails).toHaveLength(1)
    const [received] = server.mails
    expect(received).toMatchObject({
      from: 'no-reply@maps.example',
      to: ['ann@lund.example'],
      user: 'user',
    })
    expect(received!.content).toContain('Subject: Hello\r\n')
  })

  it('gives one recipient to the server whatever stands in the address', async () => {
    await using server = await startSmtp()
    const transport = createSmtpTransport({ url: server.url(), from: FROM })
    for (const to of [
      'ann@lund.example, evil@x.example',
      'a@x.example>\r\nRCPT TO:<evil@x.example',
    ]) {
      await transport.send({ ...MESSAGE, to }).catch(() => {})
    }
    const recipients = server.mails.flatMap(({ to }) => to)
    expect(recipients).not.toContain('evil@x.example')
    for (const { to } of server.mails) expect(to).toHaveLength(1)
  })

  it('tells the log of a failure, and nothing of the mail or the login', async () => {
    await using server = await startSmtp()
    const url = server.url('wrong-password')
    const { mail, log } = createTestMail(createSmtpTransport({ url, from: FROM }))
    mail.send(MESSAGE)
    await mail.flush()
    expect(server.mails).toEqual([])
    expect(log.text()).toContain('a mail will be tried again')
    expect(log.text()).toContain('EAUTH')
    expect(log.text()).not.toMatch(/wrong-password|mgl_|ann@/)
    await mail[Symbol.asyncDispose]()
    expect(log.text()).toContain('a mail is lost')
  })

  it('sends at its end what was waiting for another attempt', async () => {
    let fails = true
    const sent: string[] = []
    const { mail } = createTestMail({
      send({ to }) {
        if (fails) return Promise.reject(new Error('busy'))
        sent.push(to)
        return Promise.resolve('sent')
      },
      pretend: () => Promise.resolve(),
    })
    mail.send(MESSAGE)
    await mail.flush()
    fails = false
    await mail[Symbol.asyncDispose]()
    expect(sent).toEqual(['ann@lund.example'])
  })
})

interface Received {
  from: string
  to: string[]
  user: string
  content: string
}

async function startSmtp() {
  const mails: Received[] = []
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    logger: false,
    onAuth({ username, password }, _session, callback) {
      if (password === 'secret') callback(null, { user: username })
      else callback(new Error('Wrong user or password'))
    },
    onData(stream, { envelope, user }, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        mails.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map(({ address }) => address),
          user: String(user),
          content: Buffer.concat(chunks).toString(),
        })
        callback()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return {
    mails,
    url: (password = 'secret') => `smtp://user:${password}@127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
