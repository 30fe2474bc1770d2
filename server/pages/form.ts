import { attributes, type Html, html, type HtmlValue } from './html.ts'

/**
 * The parts of forms. Ids and names are stable: scripts that fill in forms find them by these. A
 * field's label is tied to it, and its hint and error are read out with it (WCAG 2.2 §1.3.1, §3.3.1).
 * No field may be sent twice (`protocol/form.ts`), so each box of a group has a name of its own.
 */

/** What is wrong with which field: its id -> a sentence. */
export type FieldErrors = Readonly<Record<string, string>>

export interface FieldOptions {
  /** Also its id. */
  name: string
  label: HtmlValue
  hint?: HtmlValue
  error?: string | null | undefined
  required?: boolean
  /** https://html.spec.whatwg.org/#autofill */
  autocomplete?: string
  autofocus?: boolean
}

export interface TextFieldOptions extends FieldOptions {
  type?: 'text' | 'email' | 'url' | 'search' | 'date' | 'number'
  value?: string | number | null
  maxLength?: number
  inputMode?: 'text' | 'numeric' | 'email' | 'url'
  placeholder?: string
  spellcheck?: boolean
}

/**
 * A form that posts to this server.
 * @param options.token `formTokenField(app, visitor)`
 * @param options.hidden fields that travel along; those that are null do not
 * @param options.upload whether it has a file field (then `multipart/form-data`)
 */
export function postForm(options: {
  id: string
  action: string
  token: Html
  hidden?: Record<string, string | null | undefined>
  body: HtmlValue
  upload?: boolean
  /** Beside its neighbours instead of below them: for a lone button. */
  inline?: boolean
}): Html {
  const { id, action, token, hidden = {}, body, upload = false, inline = false } = options
  const tag = attributes({
    method: 'post',
    id,
    action,
    enctype: upload ? 'multipart/form-data' : null,
    class: inline ? 'inline' : null,
    // Our own words, tied to the fields, instead of a browser's bubbles.
    novalidate: true,
  })
  return html`<form${tag}>${token}${Object.entries(hidden).map(
    ([name, value]) => typeof value === 'string' && hiddenField(name, value),
  )}${body}</form>`
}

function hiddenField(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}" />`
}

export function textField(options: TextFieldOptions): Html {
  const { type = 'text', value, maxLength, inputMode, placeholder, spellcheck } = options
  return field(options, (common) => {
    const own = attributes({
      type,
      value,
      maxlength: maxLength,
      inputmode: inputMode,
      placeholder,
      spellcheck: spellcheck === undefined ? null : String(spellcheck),
    })
    return html`<input${common}${own} />`
  })
}

export function emailField(options: Omit<TextFieldOptions, 'type'>): Html {
  return textField({
    autocomplete: 'email',
    maxLength: 254,
    inputMode: 'email',
    spellcheck: false,
    ...options,
    type: 'email',
  })
}

/** Never filled in by us. */
export function passwordField(
  options: FieldOptions & { autocomplete: 'current-password' | 'new-password' },
): Html {
  return field(options, (common) => html`<input${common} type="password" maxlength="1024" />`)
}

/** A one-time code: digits by default. */
export function codeField(
  options: FieldOptions & { value?: string | null; maxLength?: number; digits?: boolean },
): Html {
  const { digits = true, maxLength = 32, value } = options
  return field({ autocomplete: 'one-time-code', ...options }, (common) => {
    const own = attributes({
      value,
      maxlength: maxLength,
      inputmode: digits ? 'numeric' : 'text',
      autocapitalize: 'none',
      spellcheck: 'false',
    })
    return html`<input${common}${own} type="text" class="code" />`
  })
}

export function textArea(
  options: FieldOptions & { value?: string | null; rows?: number; maxLength?: number },
): Html {
  const { value, rows = 4, maxLength } = options
  // A line break right after the tag is dropped by browsers.
  return field(
    options,
    (common) =>
      html`<textarea${common}${attributes({ rows, maxlength: maxLength })}>
${value}</textarea>`,
  )
}

/** @param options.accept media types */
export function fileField(options: FieldOptions & { accept?: string }): Html {
  const own = attributes({ accept: options.accept })
  return field(options, (common) => html`<input${common}${own} type="file" />`)
}

export function select(
  options: FieldOptions & {
    options: readonly { value: string; label: string }[]
    value?: string | null
  },
): Html {
  return field(
    options,
    (common) =>
      html`<select${common}>
      ${options.options.map(
        ({ value, label }) =>
          html`<option${attributes({ value, selected: value === options.value })}>${label}</option>`,
      )}
    </select>`,
  )
}

export interface Choice {
  value: string
  label: HtmlValue
  hint?: HtmlValue
  checked?: boolean
  disabled?: boolean
}

interface GroupOptions {
  name: string
  legend: HtmlValue
  hint?: HtmlValue
  error?: string | null | undefined
  options: readonly Choice[]
}

/** Each box is named `<name>_<value>` and sends `on`; `checkedOf` reads them. */
export function checkboxes(options: GroupOptions): Html {
  return group(options, (choice) => {
    const id = `${options.name}_${choice.value}`
    return { id, tag: attributes({ type: 'checkbox', id, name: id, value: 'on' }) }
  })
}

export function radios(options: GroupOptions): Html {
  return group(options, ({ value }) => {
    const id = `${options.name}_${value}`
    return { id, tag: attributes({ type: 'radio', id, name: options.name, value }) }
  })
}

/** One box of its own. */
export function checkbox(options: Omit<Choice, 'value'> & { name: string }): Html {
  const { name, label, hint, checked = false, disabled = false } = options
  const tag = attributes({ type: 'checkbox', id: name, name, value: 'on', checked, disabled })
  return html`<div class="field">
    <div class="choice">
      <input${tag}${describedBy(name, hint, null)} />
      <label for="${name}"
        >${label}${hint && html`<span class="hint" id="${name}-hint">${hint}</span>`}</label
      >
    </div>
  </div>`
}

/** Which boxes of a group were ticked. */
export function checkedOf(
  form: { get(name: string): string | null },
  name: string,
  values: readonly string[],
): string[] {
  return values.filter((value) => form.get(`${name}_${value}`) !== null)
}

export interface ButtonOptions {
  label: HtmlValue
  id?: string
  name?: string
  value?: string
  kind?: 'primary' | 'plain' | 'danger' | 'link'
}

export function submitButton(options: ButtonOptions): Html {
  const { label, id, name, value, kind = 'primary' } = options
  const tag = attributes({ type: 'submit', id, name, value, class: `button ${kind}` })
  return html`<button${tag}>${label}</button>`
}

/** Buttons side by side; below each other where there is little room. */
export function buttons(...content: HtmlValue[]): Html {
  return html`<div class="buttons">${content}</div>`
}

/**
 * What is wrong, at the top of the form, each with a link to its field. Read out at once
 * (WCAG 2.2 §4.1.3).
 * @param general what is wrong with no field in particular
 */
export function errorSummary(
  title: string,
  errors: FieldErrors,
  general: string | null = null,
): Html | null {
  const fields = Object.entries(errors)
  if (fields.length === 0 && general === null) return null
  return html`<div class="notice error" id="error-summary" role="alert" tabindex="-1">
    ${general !== null && fields.length === 0 ? null : html`<p class="notice-title">${title}</p>`}
    ${general !== null && html`<p>${general}</p>`}
    ${
      fields.length > 0 &&
      html`<ul>
        ${fields.map(([id, text]) => html`<li><a href="#${id}">${text}</a></li>`)}
      </ul>`
    }
  </div>`
}

function field(options: FieldOptions, control: (common: Html) => Html): Html {
  const { name, label, hint, error = null, required = false, autocomplete, autofocus } = options
  const common = attributes({ id: name, name, required, autocomplete, autofocus })
  const state = html`${common}${attributes({ 'aria-invalid': error ? 'true' : null })}${describedBy(name, hint, error)}`
  return html`<div class="field${error ? ' wrong' : ''}">
    <label for="${name}">${label}</label>
    ${hint && html`<p class="hint" id="${name}-hint">${hint}</p>`}
    ${error && html`<p class="fault" id="${name}-error">${error}</p>`} ${control(state)}
  </div>`
}

function describedBy(name: string, hint: HtmlValue, error: string | null | undefined): Html {
  const ids = [hint ? `${name}-hint` : null, error ? `${name}-error` : null].filter(Boolean)
  return attributes({ 'aria-describedby': ids.join(' ') || null })
}

function group(
  options: GroupOptions,
  control: (choice: Choice) => { id: string; tag: Html },
): Html {
  const { name, legend, hint, error } = options
  return html`<fieldset
    id="${name}"
    class="field${error ? ' wrong' : ''}"
    ${describedBy(name, hint, error)}
  >
    <legend>${legend}</legend>
    ${hint && html`<p class="hint" id="${name}-hint">${hint}</p>`}
    ${error && html`<p class="fault" id="${name}-error">${error}</p>`}
    ${options.options.map((choice) => {
      const { id, tag } = control(choice)
      const { checked = false, disabled = false } = choice
      return html`<div class="choice">
        <input${tag}${attributes({ checked, disabled })}${describedBy(id, choice.hint, null)} />
        <label for="${id}"
          >${choice.label}${choice.hint && html`<span class="hint" id="${id}-hint">${choice.hint}</span>`}</label
        >
      </div>`
    })}
  </fieldset>`
}
