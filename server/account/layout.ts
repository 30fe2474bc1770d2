import { attributes, type Html, html } from '../pages/html.ts'
import { notice } from '../pages/parts.ts'
import type { Texts } from './texts.ts'

export type Tab = 'profile' | 'security' | 'sessions' | 'consents' | 'members'

const PATHS: Record<Tab, string> = {
  profile: '/account',
  security: '/account/security',
  sessions: '/account/sessions',
  consents: '/account/consents',
  members: '/account/members',
}

/** The pages of an account, side by side. */
export function tabs(texts: Texts, current: Tab): Html {
  return html`<nav class="tabs" aria-label="${texts.tabs.label}">
    ${Object.entries(PATHS).map(
      ([tab, href]) =>
        html`<a${attributes({ href, 'aria-current': tab === current ? 'page' : null })}>${texts.tabs[tab as Tab]}</a>`,
    )}
  </nav>`
}

const WARNINGS: ReadonlySet<string> = new Set(['passkey-refused', 'registered'])

/** What the change before has done, as the URL names it: nothing but our own words can be shown so. */
export function doneNotice(texts: Texts, query: unknown): Html | null {
  const { done } = query as { done?: unknown }
  if (typeof done !== 'string' || !Object.hasOwn(texts.done, done)) return null
  const kind = WARNINGS.has(done) ? 'warning' : 'success'
  return notice(kind, texts.done[done as keyof Texts['done']])
}

/** @param path may have a query already */
export function withDone(path: string, done: keyof Texts['done']): string {
  return `${path}${path.includes('?') ? '&' : '?'}done=${done}`
}
