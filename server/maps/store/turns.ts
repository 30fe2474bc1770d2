import { setImmediate } from 'node:timers/promises'

/** How long one request may keep all others waiting. */
const TURN_MILLISECONDS = 5

/** Counts how long this has been at work without letting others have their turn. */
export function createTurn(milliseconds: number = TURN_MILLISECONDS) {
  let began = performance.now()
  return {
    isOver: () => performance.now() - began > milliseconds,
    async yield() {
      await setImmediate()
      began = performance.now()
    },
  }
}
