import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RandomBytes, randomHex } from '../lib/random.ts'
import type { Clock } from '../lib/clock.ts'
import type { MailMessage } from './mail.ts'

/** How a mail leaves the house. */
export interface MailTransport {
  /** @returns where it went, in words @throws Error when it did not */
  send(message: MailMessage): Promise<string>
  /** Writes the mail as `send` does, and throws it away. */
  pretend(message: MailMessage): Promise<void>
}

/** Loaded with the first mail: most processes send none. */
const nodemailer = () => import('nodemailer')

/** Mails in the outbox; the oldest go. */
const MAXIMUM_FILES = 200

const TIMEOUT_MILLISECONDS = 10_000

/** Texts are all there is to a mail: no file, no URL and no header comes in by what they say. */
const CLOSED = { disableFileAccess: true, disableUrlAccess: true }

/** @param url `smtp://user:password@host:port` or `smtps://`, with nodemailer's options as its query */
export function createSmtpTransport(options: { url: string; from: string }): MailTransport {
  return {
    async send(message) {
      const { createTransport } = await nodemailer()
      // A connection for each mail: there are few, and the server may be another one by the next.
      const transporter = createTransport({
        url: options.url,
        connectionTimeout: TIMEOUT_MILLISECONDS,
        greetingTimeout: TIMEOUT_MILLISECONDS,
        socketTimeout: TIMEOUT_MILLISECONDS,
        ...CLOSED,
      })
      await transporter.sendMail({ from: options.from, ...toMail(message) })
      return 'sent'
    },

    async pretend(message) {
      await compose(options.from, message)
    },
  }
}

/** One `.eml` file a mail, for the eyes of the server's user alone: they hold secret links. */
export function createOutboxTransport(options: {
  folder: string
  from: string
  clock: Clock
  random: RandomBytes
}): MailTransport {
  const { folder, clock, random } = options
  async function removeOldest(): Promise<void> {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
    for (const name of files.slice(0, -MAXIMUM_FILES)) await rm(join(folder, name), { force: true })
  }

  return {
    async send(message) {
      const content = await compose(options.from, message)
      const time = new Date(clock.now()).toISOString().replaceAll(/[-:]/g, '')
      const file = join(folder, `${time}-${randomHex(4, random)}.eml`)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(file, content, { mode: 0o600, flag: 'wx' })
      await removeOldest()
      return file
    },

    async pretend(message) {
      await compose(options.from, message)
    },
  }
}

/** The mail as it travels (RFC 5322). */
async function compose(from: string, message: MailMessage): Promise<Buffer> {
  const { createTransport } = await nodemailer()
  const composer = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'unix',
    ...CLOSED,
  })
  const { message: content } = await composer.sendMail({ from, ...toMail(message) })
  return content as Buffer
}

function toMail({ to, subject, text }: MailMessage) {
  return {
    // As an object: a text would be read as a list of addresses.
    to: { name: '', address: to },
    subject,
    text,
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}

/** What the log may hear: nothing of the mail itself. */
export function describeMailError(error: unknown): object {
  const { name, message, code, responseCode, command } = error as Error & Record<string, unknown>
  return { type: name, message, code, responseCode, command }
}
