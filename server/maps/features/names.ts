/** What came from outside, short enough for a message. */
export function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

/** Some names as a message lists them; many are not listed to the end. */
export function listed(names: readonly string[]): string {
  const text = names.slice(0, 30).map(shown).join(', ')
  return names.length > 30 ? `${text}, …` : text
}
