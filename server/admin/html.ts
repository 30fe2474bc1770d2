import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

/** Markup that is safe to send: what was put into it is escaped. */
export interface Html {
  readonly markup: string
}

/** A template whose values are escaped, unless they are `Html` themselves. */
export function html(parts: TemplateStringsArray, ...values: (string | Html)[]): Html {
  const escaped = values.map((value) => (typeof value === 'string' ? escape(value) : value.markup))
  return { markup: String.raw({ raw: parts }, ...escaped) }
}

/** Sends a page that no cache keeps, no other page frames, and that runs no script. */
export function sendPage(reply: FastifyReply, status: number, title: string, body: Html): void {
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`
  void reply
    .code(status)
    .headers(PAGE_HEADERS)
    .type('text/html; charset=utf-8')
    // Not the serializer of JSON answers.
    .serializer(String)
    .send(markup)
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --soft: #5a6675; --back: #f3f5f8; --card: #fff; --line: #d9dfe7; --accent: #0b63c5; --on-accent: #fff }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6eaf0; --soft: #9aa7b8; --back: #12161c; --card: #1a2028; --line: #303a47; --accent: #6cb0ff; --on-accent: #0b1420 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif }
main { width: 100%; max-width: 40rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25 }
p, form { margin: 0 0 1rem }
dl { margin: 0 0 1.25rem }
dt { color: var(--soft); font-size: .875rem }
dd { margin: 0 0 .75rem; overflow-wrap: anywhere }
code, pre { font: .9rem/1.5 ui-monospace, monospace }
dd code { display: block; padding: .6rem .75rem; border: 1px solid var(--line); border-radius: .4rem; user-select: all }
pre { margin: 0 0 1rem; padding: .75rem; border: 1px solid var(--line); border-radius: .4rem; overflow-x: auto }
button { padding: .65rem 1.1rem; border: 0; border-radius: .4rem; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.soft { color: var(--soft); font-size: .9rem }
`

/** Whole, because the hash covers each blank between its tags. */
const styleElement: Html = { markup: `<style>${STYLE}</style>` }
const styleHash = createHash('sha256').update(STYLE).digest('base64')

const PAGE_HEADERS = {
  'cache-control': 'no-store',
  // The URL is a secret too.
  'referrer-policy': 'no-referrer',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex',
}
