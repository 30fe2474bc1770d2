import { attributes, type Html, html, type HtmlValue } from './html.ts'

/** The parts of pages that are not forms: notices, cards, lists, tables. */

/** Something to notice; errors and successes are read out at once. */
export function notice(kind: 'info' | 'success' | 'warning' | 'error', text: HtmlValue): Html {
  const role = kind === 'error' ? 'alert' : kind === 'info' ? null : 'status'
  return html`<div class="notice ${kind}" ${attributes({ role })}><p>${text}</p></div>`
}

/**
 * A part of a page with a heading.
 * @param options.action a link or a button at the right of the heading
 */
export function section(options: {
  id: string
  title: HtmlValue
  action?: HtmlValue
  body: HtmlValue
}): Html {
  const { id, title, action, body } = options
  return html`<section class="part" id="${id}" aria-labelledby="${id}-title">
    <div class="part-head">
      <h2 id="${id}-title">${title}</h2>
      ${action}
    </div>
    ${body}
  </section>`
}

/** A thing in a list of things: an application, a session, a consent. */
export function card(options: {
  id?: string
  title: HtmlValue
  /** Where the title leads. */
  href?: string
  picture?: HtmlValue
  badge?: HtmlValue
  body?: HtmlValue
  actions?: HtmlValue
}): Html {
  const { id, title, href, picture, badge, body, actions } = options
  const heading = href ? html`<a href="${href}">${title}</a>` : title
  return html`<li class="card" ${attributes({ id })}>
    ${picture}
    <div class="card-body">
      <h3>${heading}${badge}</h3>
      ${body}
    </div>
    ${actions && html`<div class="card-actions">${actions}</div>`}
  </li>`
}

export function cards(items: readonly Html[]): Html {
  return html`<ul class="cards">
    ${items}
  </ul>`
}

/** Terms with what they are; those that are null are left out. */
export function definitions(
  items: readonly (readonly [term: HtmlValue, value: HtmlValue] | null)[],
): Html {
  return html`<dl>
    ${items.map(
      (item) =>
        item &&
        html`<div>
          <dt>${item[0]}</dt>
          <dd>${item[1]}</dd>
        </div>`,
    )}
  </dl>`
}

/** A table that can be scrolled on a small screen, by keyboard too. */
export function table(options: {
  caption: string
  columns: readonly HtmlValue[]
  rows: readonly (readonly HtmlValue[])[]
}): Html {
  const { caption, columns, rows } = options
  return html`<div class="table" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** A value to copy: one click selects all of it. Say so on the page: `Page.copies`. */
export function copyable(options: { id: string; label: HtmlValue; value: string }): Html {
  const { id, label, value } = options
  return html`<div class="copyable">
    <span class="term" id="${id}-label">${label}</span>
    <code id="${id}" tabindex="0" role="textbox" aria-readonly="true" aria-labelledby="${id}-label"
      >${value}</code
    >
  </div>`
}

/** The same in a table, where the column says what it is. */
export function copyableCell(id: string, value: string): Html {
  return html`<code class="copy" id="${id}">${value}</code>`
}

export function badge(kind: 'neutral' | 'good' | 'warning' | 'bad', text: HtmlValue): Html {
  return html` <span class="badge ${kind}">${text}</span>`
}

/** A link that looks like a button. */
export function linkButton(options: {
  href: string
  label: HtmlValue
  id?: string
  kind?: 'primary' | 'plain'
}): Html {
  const { href, label, id, kind = 'plain' } = options
  return html`<a${attributes({ href, id, class: `button ${kind}` })}>${label}</a>`
}

/** In place of a list that has nothing in it yet. */
export function emptyState(text: HtmlValue, action: HtmlValue = null): Html {
  return html`<div class="empty">
    <p>${text}</p>
    ${action}
  </div>`
}

/** A name's first letters, for what has no picture. Decoration only. */
export function monogram(name: string): Html {
  const letters = name
    .trim()
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => /^./u.exec(word)?.[0] ?? '')
    .join('')
    .toUpperCase()
  return html`<span class="monogram" aria-hidden="true">${letters || '?'}</span>`
}

/** An instant, in UTC. @param time epoch milliseconds */
export function timeElement(time: number, language = 'en-GB'): Html {
  const date = new Date(time)
  const text = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  }).format(date)
  return html`<time datetime="${date.toISOString()}">${text} UTC</time>`
}
