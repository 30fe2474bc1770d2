/** Something that is needed for an answer cannot be reached for now: HTTP 503. */
export class UnavailableError extends Error {
  override name = 'UnavailableError'
}
