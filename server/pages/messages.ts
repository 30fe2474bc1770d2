import { en } from './messages/en.ts'

/**
 * All texts of the sign-in pages, in one language. Another language is another file beside
 * `messages/en.ts` of this type, and an entry below.
 */
export type Messages = typeof en

const CATALOGUES: Record<string, Messages> = { en }

export const defaultMessages: Messages = en

/**
 * The first catalogue that fits.
 * @param languages language tags (RFC 5646), the most wanted first: `ui_locales`, then the browser's
 */
export function messagesFor(languages: readonly string[]): Messages {
  for (const language of languages) {
    const found = CATALOGUES[language.toLowerCase().split('-')[0] ?? '']
    if (found) return found
  }
  return defaultMessages
}

/** The languages of an `Accept-Language` header (RFC 9110 §12.5.4), the most wanted first. */
export function acceptedLanguages(header: string | undefined): string[] {
  return (header ?? '')
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';')
      const quality = parameters.find((parameter) => parameter.trim().startsWith('q='))
      return { tag: tag.trim(), quality: quality ? Number(quality.trim().slice(2)) : 1 }
    })
    .filter(({ tag, quality }) => /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/.test(tag) && quality > 0)
    .toSorted((one, other) => other.quality - one.quality)
    .map(({ tag }) => tag)
}
