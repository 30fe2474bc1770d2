/** What a page throws when a person cannot go on; `answerPageError` (`errors.ts`) shows it. */
export class PageError extends Error {
  override name = 'PageError'
  readonly status: number
  readonly title: string
  readonly link: { href: string; label: string } | null

  /** @param advice what the person can do now */
  constructor(
    status: number,
    title: string,
    advice: string,
    link: { href: string; label: string } | null = null,
  ) {
    super(advice)
    this.status = status
    this.title = title
    this.link = link
  }
}
