import type { IncomingMessage } from 'node:http'

/** Headers of a request that a shortcut looks at; all else of it says nothing about its answer. */
export interface PlainHeaders {
  authorization?: string
  origin?: string
  'accept-encoding'?: string
  'if-none-match'?: string
}

/**
 * Reads them from what came, since Node would make an object of all that came.
 * @returns null: one is there more than once
 */
export function plainHeaders({ rawHeaders }: IncomingMessage): PlainHeaders | null {
  const found: PlainHeaders = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = nameOf(rawHeaders[index]!)
    if (name === null) continue
    if (found[name] !== undefined) return null
    found[name] = rawHeaders[index + 1]!
  }
  return found
}

function nameOf(raw: string): keyof PlainHeaders | null {
  // Most others are of another length.
  if (raw.length !== 13 && raw.length !== 15 && raw.length !== 6) return null
  const name = raw.toLowerCase()
  return name === 'authorization' ||
    name === 'origin' ||
    name === 'accept-encoding' ||
    name === 'if-none-match'
    ? name
    : null
}
