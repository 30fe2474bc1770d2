import type { Html } from './html.ts'
import { attributes, html } from './html.ts'

/** Add it to `Page.scripts` of a page with a `passkeyForm`. */
export const PASSKEY_SCRIPT_PATH = '/assets/passkey.js'

/**
 * A form that the script of `passkey-script.ts` brings to life: it adds a button, fetches options
 * from `optionsPath` by a POST of the form's fields, asks the browser's authenticator, and sends the
 * form, with the fields `challenge` and `response` (JSON) filled in, to `action`. Without script
 * nothing of it is seen.
 * @param options.kind `create` registers a passkey, `get` proves one
 * @param options.optionsPath answers `{ challenge: string, options: object }`
 * @param options.failure what the person reads when the browser gives no passkey
 */
export function passkeyForm(options: {
  id: string
  kind: 'create' | 'get'
  action: string
  optionsPath: string
  token: Html
  hidden?: Record<string, string | null | undefined>
  /** Fields that the person fills in: the name of a new passkey. */
  fields?: Html
  label: string
  failure: string
}): Html {
  const { id, kind, action, optionsPath, token, hidden = {}, fields, label, failure } = options
  const tag = attributes({
    id,
    method: 'post',
    action,
    hidden: true,
    'data-passkey': kind,
    'data-options': optionsPath,
    'data-label': label,
    'data-failure': failure,
  })
  const carried = { ...hidden, challenge: '', response: '' }
  return html`<form${tag}>${token}${Object.entries(carried).map(
    ([name, value]) =>
      typeof value === 'string' && html`<input type="hidden" name="${name}" value="${value}" />`,
  )}${fields}</form>`
}
