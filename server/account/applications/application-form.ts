import type { Applications } from '../../access/applications/applications.ts'
import type { Client } from '../../access/clients/client.ts'
import { checkboxes, checkedOf, type FieldErrors, textArea, textField } from '../../pages/form.ts'
import { type Html, html } from '../../pages/html.ts'
import type { Form } from '../../protocol/form.ts'
import { judgeRedirectUri } from '../../protocol/redirect-uri.ts'
import { linesOf, parseLine, parseProse } from '../fields.ts'
import type { Texts } from '../texts.ts'

/** What registering and changing an application have in common: its fields, and what may stand in them. */
export interface ApplicationFields {
  displayName: string
  description: string
  website: string
  redirectUris: string[]
  scopes: string[]
}

/** What was typed in, to be filled in again. */
export interface GivenFields {
  name: string
  description: string
  website: string
  redirectUris: string
  scopes: readonly string[]
}

const MAXIMUM_URIS = 20

export function parseApplication(
  form: Form,
  options: { texts: Texts; type: Client['type']; scopes: Applications['scopes'] },
): { fields: ApplicationFields; given: GivenFields; errors: FieldErrors } {
  const { texts, type } = options
  const { form: t } = texts
  const name = parseLine(form.get('name'), texts, t.name, 200)
  const description = parseProse(form.get('description'), texts, t.description, 2_000)
  const website = parseWebsite(form.get('website'), texts)
  const redirectUris = parseUris(form.get('redirect_uris'), type, texts)
  const names = options.scopes.map((scope) => scope.name)
  const scopes = checkedOf(form, 'scope', names)
  return {
    fields: {
      displayName: name.value ?? '',
      description: description.value ?? '',
      website: website.value ?? '',
      redirectUris: redirectUris.uris,
      scopes,
    },
    given: {
      name: (form.get('name') ?? '').slice(0, 200),
      description: (form.get('description') ?? '').slice(0, 2_000),
      website: (form.get('website') ?? '').slice(0, 500),
      redirectUris: (form.get('redirect_uris') ?? '').slice(0, 45_000),
      scopes,
    },
    errors: {
      ...(name.fault !== null && { name: name.fault }),
      ...(description.fault !== null && { description: description.fault }),
      ...(website.fault !== null && { website: website.fault }),
      ...(redirectUris.fault !== null && { redirect_uris: redirectUris.fault }),
    },
  }
}

export const givenOf = (client: Client, waiting: readonly string[]): GivenFields => ({
  name: client.displayName,
  description: client.description,
  website: client.website,
  redirectUris: client.redirectUris.join('\n'),
  scopes: [...client.scopes, ...waiting],
})

/** @param state.granted scopes that the application has; null: it is not registered yet */
export function applicationFields(
  { form: t }: Texts,
  given: GivenFields,
  errors: FieldErrors,
  state: {
    scopes: Applications['scopes']
    granted: readonly string[] | null
    waiting: readonly string[]
  },
): Html {
  const hintOf = ({ name, description, atOnce }: Applications['scopes'][number]) => {
    if (state.waiting.includes(name)) return `${description}. ${t.waiting}`
    const waits = !atOnce && !state.granted?.includes(name)
    return waits ? `${description}. ${t.waits}` : description
  }
  return html`${textField({
    name: 'name',
    label: t.name,
    hint: t.nameHint,
    value: given.name,
    maxLength: 200,
    required: true,
    autocomplete: 'off',
    error: errors.name,
  })}${textArea({
    name: 'description',
    label: t.description,
    hint: t.descriptionHint,
    value: given.description,
    rows: 3,
    maxLength: 2_000,
    error: errors.description,
  })}${textField({
    name: 'website',
    type: 'url',
    label: t.website,
    value: given.website,
    maxLength: 500,
    placeholder: 'https://',
    autocomplete: 'off',
    error: errors.website,
  })}${textArea({
    name: 'redirect_uris',
    label: t.callbacks,
    hint: t.callbacksHint,
    value: given.redirectUris,
    rows: 3,
    error: errors.redirect_uris,
  })}${checkboxes({
    name: 'scope',
    legend: t.scopes,
    hint: t.scopesHint,
    options: state.scopes.map((scope) => ({
      value: scope.name,
      label: scope.name.toUpperCase(),
      hint: hintOf(scope),
      checked: given.scopes.includes(scope.name),
    })),
  })}`
}

/** One a line, each one that the client may register. */
export function parseUris(
  text: string | null,
  type: Client['type'],
  { form: t }: Texts,
): { uris: string[]; fault: string | null } {
  const uris = linesOf(text)
  if (uris.length > MAXIMUM_URIS) return { uris: [], fault: t.uriMany(MAXIMUM_URIS) }
  for (const uri of uris) {
    const judgement = judgeRedirectUri(uri, { type })
    if (judgement.kind === 'refused') {
      return { uris: [], fault: t.uriFault(uri.slice(0, 200), judgement.reason) }
    }
  }
  return { uris, fault: null }
}

function parseWebsite(text: string | null, texts: Texts) {
  if (text === null || text.trim() === '') return { value: '', fault: null }
  const line = parseLine(text, texts, texts.form.website_, 500)
  if (line.fault !== null) return line
  const isWeb = /^https?:\/\/[^\s]+$/i.test(line.value) && URL.canParse(line.value)
  return isWeb ? line : { value: null, fault: texts.form.websiteFault }
}
