import type { Page } from 'playwright-core'

/** What has the focus, as a person sees it. */
export interface Focused {
  /** Its id, or else its text. */
  name: string
  /** Whether it is marked, and on the screen. */
  visible: boolean
  /** Whether it stands after what had the focus before: below it, or right of it. */
  inOrder: boolean
}

/** Of each: the box on the page, and whether its outline can be seen. */
interface Spot {
  name: string
  outlined: boolean
  shown: boolean
  top: number
  bottom: number
  left: number
}

const SPOT = `(() => {
  const { activeElement: element } = document
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element)
  const { top, bottom, left, right } = element.getBoundingClientRect()
  return {
    name: element.id || element.textContent.trim(),
    outlined:
      outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !/, 0\\)$/.test(outlineColor),
    shown: top < innerHeight && bottom > 0 && left < innerWidth && right > 0 && bottom > top,
    top: top + scrollY,
    bottom: bottom + scrollY,
    left,
  }
})()`

/**
 * Presses Tab until the element of that id has the focus.
 * @returns all that had it on the way, that element the last
 */
export async function tabTo(page: Page, id: string): Promise<Focused[]> {
  const way: Focused[] = []
  let before: Spot | null = null
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const spot: Spot = await page.evaluate<Spot>(SPOT)
    const { name, outlined, shown, top, bottom, left } = spot
    const inOrder: boolean =
      before === null || top >= before.bottom || (bottom > before.top && left > before.left)
    way.push({ name, visible: outlined && shown, inOrder })
    if (name === id) return way
    before = spot
  }
  throw new Error(`no Tab leads to ${id}: ${way.map(({ name }) => name).join(', ')}`)
}
