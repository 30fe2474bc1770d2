import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import { describeMailError, type MailTransport } from './transports.ts'

/**
 * Mail to people: a queue in memory in front of a transport (`transports.ts`: SMTP, or files in the
 * outbox). What is written is in `messages.ts`.
 *
 * A mail may be lost when the process is killed: whoever waits for it asks for another one.
 */
export interface Mail extends AsyncDisposable {
  /**
   * Puts it in the queue and returns at once, so that the time of an answer tells nothing about
   * whether a mail was sent. Failures are logged and tried again a few times.
   */
  send(message: MailMessage): void
  /**
   * Does the work of a mail and sends none: so that the load does not tell whether there was somebody
   * to write to. What is left is the talk with the mail server, which costs this one little.
   */
  pretend(message: MailMessage): void
  /** Waits until each mail that is in the queue was tried once. */
  flush(): Promise<void>
}

export interface MailMessage {
  /** As `parseEmail` gives it. */
  to: string
  subject: string
  text: string
  /** The link in it, which a development start tells in its log. */
  link?: string
}

/** As pino has it. */
export interface MailLog {
  info(details: object, message: string): void
  error(details: object, message: string): void
}

const AT_ONCE = 3
const MAXIMUM_WAITING = 1_000
const RETRY_MILLISECONDS = [5_000, 60_000, 600_000]
/** Of mails of one kind to one address: forms that anyone may send must not be good for flooding a mailbox. */
const HOUR = 3_600_000
const PER_ADDRESS_AND_HOUR = 20

/**
 * @param options.tellLinks a development start, on http://localhost without SMTP: the link of a mail,
 *   which is a secret, goes to the log. Nowhere else is anything secret logged
 */
export function createMail(options: {
  transport: MailTransport
  log: MailLog
  clock: Clock
  tellLinks: boolean
}): Mail {
  const { transport, log, clock } = options
  const waiting: Attempt[] = []
  const retries = new Map<NodeJS.Timeout, Attempt>()
  const sent = new LRUCache<string, { count: number; endsAt: number }>({ max: 10_000 })
  let closed = false
  let running = 0
  let idle: (() => void)[] = []

  /** Each kind is counted apart, so that nobody can keep one mail back by causing others. */
  function isFlood({ to, subject }: MailMessage): boolean {
    const key = `${to.toLowerCase()} ${subject}`
    const entry = sent.get(key)
    if (!entry || entry.endsAt <= clock.now()) {
      sent.set(key, { count: 1, endsAt: clock.now() + HOUR })
      return false
    }
    entry.count += 1
    return entry.count > PER_ADDRESS_AND_HOUR
  }

  function enqueue(attempt: Attempt): void {
    waiting.push(attempt)
    while (running < AT_ONCE && waiting.length > 0) {
      running++
      void work()
    }
  }

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) await attempt(next)
    running--
    if (running > 0) return
    for (const resolve of idle) resolve()
    idle = []
  }

  async function attempt({ message, tried, pretended }: Attempt): Promise<void> {
    try {
      if (pretended) return await transport.pretend(message)
      const place = await transport.send(message)
      if (options.tellLinks) {
        log.info({ to: message.to, place, link: message.link }, `mail: ${message.subject}`)
      }
    } catch (error) {
      const delay = closed || pretended ? undefined : RETRY_MILLISECONDS[tried]
      const details = {
        err: describeMailError(error),
        triesLeft: RETRY_MILLISECONDS.length - tried,
      }
      log.error(details, delay === undefined ? 'a mail is lost' : 'a mail will be tried again')
      if (delay === undefined) return
      const timer = setTimeout(() => {
        retries.delete(timer)
        enqueue({ message, tried: tried + 1 })
      }, delay)
      timer.unref()
      retries.set(timer, { message, tried: tried + 1 })
    }
  }

  const isFull = () => waiting.length + retries.size >= MAXIMUM_WAITING

  function flush(): Promise<void> {
    if (running === 0) return Promise.resolve()
    return new Promise((resolve) => idle.push(resolve))
  }

  return {
    flush,
    send(message) {
      if (isFlood(message)) {
        return log.error({}, 'too many mails to one address: one is left out')
      }
      if (isFull()) return log.error({}, 'too many mails are waiting: one is lost')
      enqueue({ message, tried: 0 })
    },
    pretend(message) {
      if (!isFull()) enqueue({ message, tried: 0, pretended: true })
    },
    async [Symbol.asyncDispose]() {
      closed = true
      for (const [timer, attempt] of retries) {
        clearTimeout(timer)
        enqueue(attempt)
      }
      retries.clear()
      await flush()
    },
  }
}

interface Attempt {
  message: MailMessage
  /** How often it was tried before. */
  tried: number
  /** It is thrown away. */
  pretended?: boolean
}
