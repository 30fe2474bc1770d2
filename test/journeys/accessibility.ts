import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const source = await readFile(path, 'utf8')

/** All that axe-core has for level A and AA of WCAG 2.0 to 2.2. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** What a machine can see of WCAG 2.2 A and AA. @returns what is wrong, one line for each element */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const run = `axe.run(document, { runOnly: ${JSON.stringify(TAGS)}, resultTypes: ['violations'] })`
  // The browser's tools run it, not the page: its policy stays as it is.
  await page.evaluate(source)
  const { violations } = await page.evaluate<AxeResults>(run)
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) =>
      `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`.replaceAll(/\s+/g, ' '),
    ),
  )
}
