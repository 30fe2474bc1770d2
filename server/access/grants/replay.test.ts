import { expect, it } from 'vitest'
import { systemRandom } from '../../lib/random.ts'
import { openReplay, sealReplay } from './replay.ts'

const sealed = sealReplay('mgr_a', 'context', '{"answer":"ü"}', systemRandom)

it('gives the answer to the same token and context', () => {
  expect(openReplay('mgr_a', 'context', sealed)).toBe('{"answer":"ü"}')
  expect(sealed).not.toContain('answer')
})

it('gives nothing to another token, context, or a changed text', () => {
  expect(openReplay('mgr_b', 'context', sealed)).toBeNull()
  expect(openReplay('mgr_a', 'other', sealed)).toBeNull()
  const changed = (sealed.startsWith('A') ? 'B' : 'A') + sealed.slice(1)
  expect(openReplay('mgr_a', 'context', changed)).toBeNull()
})
