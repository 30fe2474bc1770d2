/**
 * The clauses that texts cite as `RFC 6749 §4.1.3`, also several of one RFC (`RFC 6750 §2.1, §3 and §3.1`)
 * and across the lines of a comment.
 * @param texts pairs of file name and text
 * @returns clause -> the files that cite it, in the order of RFC and section
 */
export function citedClauses(texts: [file: string, text: string][]): Map<string, string[]> {
  const cited = new Map<string, Set<string>>()
  for (const [file, text] of texts) {
    const unbroken = text.replaceAll(/\s*\n\s*(?:\*(?!\/)|\/\/|#)?\s*/g, ' ')
    const citations = unbroken.matchAll(
      /RFC (\d+)((?:(?:,| and| or| to)? §[A-Z\d](?:[\d.]*\d)?)+)/g,
    )
    for (const [, rfc, sections = ''] of citations) {
      for (const [section] of sections.matchAll(/§[A-Z\d](?:[\d.]*\d)?/g)) {
        const clause = `RFC ${rfc} ${section}`
        cited.set(clause, (cited.get(clause) ?? new Set()).add(file))
      }
    }
  }
  const order = new Intl.Collator('en', { numeric: true })
  return new Map(
    [...cited]
      .toSorted(([a], [b]) => order.compare(a, b))
      .map(([clause, files]) => [clause, [...files]]),
  )
}

/** The source and test files that a page names in backticks and that are not there. */
export function missingFiles(page: string, exists: (file: string) => boolean): string[] {
  const named = page.matchAll(/`((?:server|test|bench)\/[\w./-]+\.ts)\b[^`]*`/g)
  return [...new Set([...named].map(([, file = '']) => file))].filter((file) => !exists(file))
}
