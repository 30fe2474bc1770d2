/** Markup that is safe to send: what was put into it is escaped. */
export interface Html {
  readonly markup: string
}

/** What may stand in a template; null, undefined and false leave nothing. */
export type HtmlValue = string | number | Html | null | undefined | false | readonly HtmlValue[]

/** A template whose values are escaped, unless they are `Html` themselves. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  const escaped = values.map(toMarkup)
  return { markup: String.raw({ raw: parts }, ...escaped) }
}

/**
 * Attributes of an element, each with a blank before it. `true` stands for an attribute without a
 * value; null, undefined and false leave it out.
 */
export function attributes(
  values: Record<string, string | number | boolean | null | undefined>,
): Html {
  const parts = Object.entries(values).map(([name, value]) => {
    if (value === null || value === undefined || value === false) return ''
    return value === true ? ` ${name}` : ` ${name}="${escape(String(value))}"`
  })
  return { markup: parts.join('') }
}

function toMarkup(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escape(value)
  if (typeof value === 'number') return String(value)
  return 'markup' in value ? value.markup : value.map(toMarkup).join('')
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
