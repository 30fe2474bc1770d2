import { tagOf } from './caching.ts'

/**
 * The entity tag of a feature as it is sent. It has two parts: the tag of the feature as it is stored,
 * which guards changes, and one of what is said beside it, such as who is to be named. So a copy is
 * fresh only when all of it is (RFC 9110 §8.8.3), and a change is refused only when the feature is
 * another.
 * @param etag of the store
 * @param more what the answer has beside the feature, as text
 */
export function itemTag(etag: string, more: string): string {
  return `${etag}.${tagOf(more).slice(0, 8)}`
}

/** What of a tag, without quotes, is the store's. */
export function featureTagOf(tag: string): string {
  const [etag] = tag.split('.', 1)
  return etag!
}
