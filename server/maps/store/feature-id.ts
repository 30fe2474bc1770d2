/**
 * Whether it can be the public id of a feature: a part of its URL, so half of a surrogate pair, which
 * no URL can hold, and what URLs take for a folder are none.
 */
export function isFeatureId(text: string): boolean {
  return text.length <= 128 && ID.test(text) && text !== '.' && text !== '..'
}

/** For messages. */
export const FEATURE_ID = 'a text of 1 to 128 characters without control characters, not . or ..'

const ID = /^[^\p{Cc}\p{Cs}]+$/u
