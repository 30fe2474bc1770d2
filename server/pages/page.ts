import type { FastifyReply } from 'fastify'
import { COPY_SCRIPT_PATH } from './copy-script.ts'
import { formTokenField } from './form-token.ts'
import { postForm, submitButton } from './form.ts'
import { attributes, type Html, html, type HtmlValue } from './html.ts'
import { defaultMessages, type Messages } from './messages.ts'
import type { Theme } from './theme.ts'
import type { Visitor } from './visitor.ts'

/** A page before it is dressed. */
export interface Page {
  status?: number
  title: string
  /** The heading, where it is not the title. */
  heading?: HtmlValue
  body: Html
  /**
   * `narrow`: one form or message in the middle. `medium`: with room for more to read. `wide`: below
   * the navigation, made of `section`s.
   */
  width?: 'narrow' | 'medium' | 'wide'
  /** Whose page it is: when signed in, it gets the navigation with their name. */
  visitor?: Visitor
  /** Which entry of the navigation it belongs to. */
  current?: 'account' | 'applications'
  messages?: Messages
  /**
   * Its forms may end at another server, such as a client's redirect URI. Browsers apply `form-action`
   * to every redirect that follows a form, and where a client's callback redirects is not known here:
   * such a page does without (docs/decisions/0017-forms-that-leave.md).
   */
  formsLeave?: boolean
  /** Paths of scripts of this server that it uses where there are scripts at all. */
  scripts?: readonly string[]
  /** It has values to copy: where there are scripts, each gets a button. */
  copies?: boolean
  /** A path of this server to go on to at once, where a link is there too. */
  continueTo?: string
  /** It shows a map where there are scripts: paths of the module that draws it, and of its style. */
  map?: { script: string; style: string }
}

/** Sends a page that no cache keeps, no other page frames, and that runs no script but its own. */
export function sendPage(reply: FastifyReply, page: Page): void {
  const { title, body, visitor, scripts = [], messages = defaultMessages, continueTo } = page
  const { theme } = reply.server
  const signedIn = visitor?.session ? visitor : null
  const width = page.width ?? (signedIn ? 'wide' : 'narrow')
  const { markup } = html`<!doctype html>
    <html lang="${messages.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – ${theme.name}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        ${continueTo !== undefined && html`<meta http-equiv="refresh" content="0; url=${continueTo}" />`}
        ${theme.styleElement} ${scripts.map((path) => html`<script src="${path}" defer></script>`)}
        ${page.copies && copyScript(messages)} ${page.map && mapParts(page.map)}
      </head>
      <body class="${width}">
        <a class="skip" href="#main">${messages.layout.skip}</a>
        ${signedIn && navigation(reply, signedIn, page, messages)}
        <div class="frame">
          ${!signedIn && html`<div class="brand">${brand(theme)}</div>`}
          <main id="main" tabindex="-1">
            ${page.heading === undefined ? html`<h1>${title}</h1>` : page.heading} ${body}
          </main>
        </div>
        <footer><span>${theme.name}</span></footer>
      </body>
    </html>`
  void reply
    .code(page.status ?? 200)
    .headers({ ...PAGE_HEADERS, 'content-security-policy': contentSecurityPolicy(page, theme) })
    .type('text/html; charset=utf-8')
    // Not the serializer of JSON answers.
    .serializer(String)
    .send(markup)
}

function navigation(
  reply: FastifyReply,
  visitor: Visitor,
  { current }: Page,
  { layout }: Messages,
): Html {
  const entry = (name: 'account' | 'applications', href: string) =>
    html`<a${attributes({ href, 'aria-current': current === name ? 'page' : null })}>${layout[name]}</a>`
  return html`<header class="bar">
    <div class="bar-inner">
      <a class="brand" href="/account">${brand(reply.server.theme)}</a>
      <nav aria-label="${layout.navigation}">
        ${entry('account', '/account')}${entry('applications', '/applications')}
      </nav>
      <div class="person">
        <span class="person-name">${visitor.session!.account.name}</span>${postForm({
          id: 'sign-out-form',
          action: '/sign-out',
          token: formTokenField(reply.server, visitor),
          inline: true,
          body: submitButton({ id: 'sign-out', label: layout.signOut, kind: 'link' }),
        })}
      </div>
    </div>
  </header>`
}

function brand({ name, logo }: Theme): Html {
  return logo ? html`<img src="/assets/logo" alt="${name}" />` : html`${MARK}<span>${name}</span>`
}

/** A pin with a gate in it. */
const MARK: Html = {
  markup: `<svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false"><rect class="mark-ground" width="32" height="32" rx="8"/><g class="mark-lines" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"><path d="M16 26.5c-5-5.4-7.6-9.2-7.6-13a7.6 7.6 0 0 1 15.2 0c0 3.8-2.6 7.6-7.6 13z"/><path d="M13 17.5v-4a3 3 0 0 1 6 0v4"/></g></svg>`,
}

const copyScript = ({ layout }: Messages): Html =>
  html`<script${attributes({
    src: COPY_SCRIPT_PATH,
    defer: true,
    'data-copy': layout.copy,
    'data-copied': layout.copied,
  })}></script>`

const mapParts = ({ script, style }: NonNullable<Page['map']>): Html =>
  html`<link rel="stylesheet" href="${style}" /><script${attributes({ type: 'module', src: script })}></script>`

function contentSecurityPolicy(
  { formsLeave = false, scripts = [], copies = false, map }: Page,
  theme: Theme,
): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${theme.styleHash}'${map ? " 'self'" : ''}`,
    // The pictures of a map's buttons stand in its style sheet.
    `img-src 'self'${map ? ' data:' : ''}`,
    ...(scripts.length > 0 || copies || map ? ["script-src 'self'"] : []),
    ...(scripts.length > 0 || map ? ["connect-src 'self'"] : []),
    ...(map ? ["worker-src 'self'"] : []),
    ...(formsLeave ? [] : ["form-action 'self'"]),
    "base-uri 'none'",
    // RFC 9700 §4.16: a frame around a consent would let another page have it clicked.
    "frame-ancestors 'none'",
  ].join('; ')
}

const PAGE_HEADERS = {
  'cache-control': 'no-store',
  // The URL is a secret too.
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex',
}
