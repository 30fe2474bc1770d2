import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { BLACK, mix, parseColour, readable, textOn, toHex, WHITE } from './colour.ts'
import type { Html } from './html.ts'
import { STYLE } from './style.ts'

/** How an installation's pages look and are called: its configuration, made ready. */
export interface Theme {
  name: string
  logo: { contentType: string; body: Buffer } | null
  /** Whole, because the hash covers each blank between its tags. */
  styleElement: Html
  /** Of the style, as a content security policy names it. */
  styleHash: string
  /** The picture in the browser's tab. */
  icon: string
}

/** @throws when the logo cannot be read */
export function createTheme(options: {
  name: string
  colour: string
  logoFile?: string | undefined
}): Theme {
  const style = `${accents(options.colour)}${STYLE}`
  return {
    name: options.name,
    logo: options.logoFile === undefined ? null : readLogo(options.logoFile),
    styleElement: { markup: `<style>${style}</style>` },
    styleHash: createHash('sha256').update(style).digest('base64'),
    icon: iconOf(options.colour),
  }
}

/** The grounds of `style.ts` that accents stand on, the hardest ones of each scheme. */
const LIGHT_GROUNDS = [WHITE, parseColour('#eef1f6')]
const DARK_GROUNDS = [parseColour('#1a212b'), parseColour('#0e1319')]

/**
 * The configured colour for both schemes: as near to it as text of that colour, and text on it, can
 * be read (WCAG 2.2 §1.4.3).
 */
function accents(hex: string): string {
  const colour = parseColour(hex)
  const light = readable(colour, BLACK, LIGHT_GROUNDS, 4.5)
  const dark = readable(colour, WHITE, DARK_GROUNDS, 4.5)
  const scheme = (accent: typeof light, ground: typeof light, towards: typeof light) =>
    `:root{--accent:${toHex(accent)};--accent-strong:${toHex(mix(accent, towards, 0.15))};` +
    `--on-accent:${toHex(textOn(accent))};--tint:${toHex(mix(ground, accent, 0.1))}}`
  return (
    scheme(light, WHITE, textOn(light) === WHITE ? BLACK : WHITE) +
    `@media(prefers-color-scheme:dark){${scheme(dark, DARK_GROUNDS[0]!, textOn(dark) === WHITE ? BLACK : WHITE)}}`
  )
}

const TYPES: Record<string, string> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
}

function readLogo(file: string): Theme['logo'] {
  const ending = file.slice(file.lastIndexOf('.') + 1).toLowerCase()
  return { contentType: TYPES[ending] ?? 'image/png', body: readFileSync(file) }
}

function iconOf(colour: string): string {
  const line = toHex(textOn(parseColour(colour)))
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    `<rect width="32" height="32" rx="8" fill="${colour}"/>` +
    `<g fill="none" stroke="${line}" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round">` +
    '<path d="M16 26.5c-5-5.4-7.6-9.2-7.6-13a7.6 7.6 0 0 1 15.2 0c0 3.8-2.6 7.6-7.6 13z"/>' +
    '<path d="M13 17.5v-4a3 3 0 0 1 6 0v4"/></g></svg>'
  )
}
