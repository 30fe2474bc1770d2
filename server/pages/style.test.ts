import { describe, expect, it } from 'vitest'
import { type Colour, contrast, parseColour } from './colour.ts'
import { STYLE } from './style.ts'
import { createTheme } from './theme.ts'

/** The colours of both schemes, by name, with the accents of `colour`. */
function schemesOf(colour: string): [scheme: string, colours: Map<string, Colour>][] {
  const style = createTheme({ name: 'Test', colour }).styleElement.markup
  const roots = [...style.matchAll(/:root ?\{([^}]*)\}/g)].map(([, body]) => body ?? '')
  // Accents of both schemes, then the rest of both.
  const [light, dark, lightRest, darkRest] = roots
  return [
    ['light', coloursOf(`${light};${lightRest}`)],
    ['dark', coloursOf(`${dark};${darkRest}`)],
  ]
}

function coloursOf(body: string): Map<string, Colour> {
  const found = body.matchAll(/--([a-z-]+): ?(#[0-9a-f]{3}(?:[0-9a-f]{3})?)(?=[;\s]|$)/g)
  return new Map(
    [...found].map(([, name = '', hex = '']) => [
      name,
      parseColour(hex.length === 4 ? `#${hex.slice(1).replaceAll(/./g, '$&$&')}` : hex),
    ]),
  )
}

/** What is written in which colour on which ground. */
const TEXTS: [text: string, ground: string][] = [
  ...['back', 'card', 'field', 'code', 'tint'].map((ground): [string, string] => ['text', ground]),
  ...['back', 'card', 'field', 'code'].map((ground): [string, string] => ['soft', ground]),
  ...['good', 'warn', 'bad'].flatMap((name): [string, string][] => [
    [name, `${name}-back`],
    [name, 'card'],
    ['text', `${name}-back`],
  ]),
  ['accent', 'card'],
  ['accent', 'back'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
]

describe.each(['#0b63c5', '#ffee00', '#00c853', '#000000', '#ffffff', '#d81b60'])(
  'with %s',
  (colour) => {
    it.each(schemesOf(colour))('can be read in the %s scheme (WCAG 2.2 §1.4.3)', (_, colours) => {
      for (const [text, ground] of TEXTS) {
        const ratio = contrast(colours.get(text)!, colours.get(ground)!)
        expect(ratio, `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
      }
      for (const ground of ['card', 'back', 'field']) {
        const ratio = contrast(colours.get('edge')!, colours.get(ground)!)
        expect(ratio, `edge on ${ground}`).toBeGreaterThanOrEqual(3)
      }
    })
  },
)

it('asks nothing of another server', () => {
  expect(STYLE).not.toMatch(/url\(|@import/)
})
