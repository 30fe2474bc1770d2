import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A message that the server wrote into `<dataDir>/outbox`. */
export interface OutboxMail {
  to: string
  subject: string
  text: string
  /** The first link to the server. */
  link: string
}

/**
 * The newest message to this address, waited for: mail is sent after the answer.
 * @param about a part of its subject or text
 */
export async function readMail(
  server: { dataDir: string; url: string },
  to: string,
  about = '',
): Promise<OutboxMail> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const mails = await allMails(server)
    const found = mails.findLast(
      (mail) => mail.to.includes(to) && `${mail.subject}\n${mail.text}`.includes(about),
    )
    if (found) return found
    await sleep(50)
  }
  throw new Error(`no mail to ${to} about “${about}”`)
}

/** All messages, the oldest first. */
export async function allMails({
  dataDir,
  url,
}: {
  dataDir: string
  url: string
}): Promise<OutboxMail[]> {
  const folder = join(dataDir, 'outbox')
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => name.endsWith('.eml')).toSorted()
  return Promise.all(
    files.map(async (name) => parse(await readFile(join(folder, name), 'utf8'), url)),
  )
}

function parse(source: string, url: string): OutboxMail {
  const [head = '', ...rest] = source.replaceAll('\r\n', '\n').split('\n\n')
  const headers = head.replaceAll(/\n[ \t]+/g, ' ')
  const header = (name: string) =>
    new RegExp(`^${name}: (.*)$`, 'im').exec(headers)?.[1]?.trim() ?? ''
  const encoded = rest.join('\n\n')
  const encoding = header('Content-Transfer-Encoding').toLowerCase()
  const text =
    encoding === 'base64'
      ? Buffer.from(encoded, 'base64').toString()
      : encoding === 'quoted-printable'
        ? fromQuotedPrintable(encoded)
        : encoded
  const start = text.indexOf(url)
  return {
    to: header('To'),
    subject: header('Subject'),
    text,
    link: start < 0 ? '' : (/^\S+/.exec(text.slice(start))?.[0] ?? ''),
  }
}

function fromQuotedPrintable(text: string): string {
  const bytes = text
    .replaceAll(/=\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return Buffer.from(bytes, 'latin1').toString()
}
