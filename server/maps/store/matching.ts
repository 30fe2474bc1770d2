import type { View } from '../../access/scopes/access-scope.ts'
import { type Box, boxContains, boxesIntersect } from '../../geo/box.ts'
import { geometryIntersectsBox } from '../../geo/geometry.ts'
import type { Property } from './collection-state.ts'
import { type Candidate, type FeatureHead, parseFeature } from './feature-rows.ts'
import type { FeatureFilter } from './map-store.ts'
import { judgeHead, narrowed, viewWithin, windowsOf } from './seen.ts'
import { isValidIn } from './valid-time.ts'

/** What a database is asked for: these narrow, `Matcher` decides. */
export interface Ask {
  /** A candidate touches one of them; null: everywhere. */
  windows: readonly Box[] | null
  /** All of these stand in its text. */
  texts: readonly string[]
  time: { from: number | null; to: number | null } | null
}

/** Which features a request means, judged the same whatever the database. */
export interface Matcher {
  ask: Ask
  /** By what is known without reading the feature; `text`: it must be read. */
  judgeHead(head: FeatureHead): 'yes' | 'no' | 'text'
  judge(candidate: Candidate): boolean
  /** All features of the collection match. */
  isEverything: boolean
  /** None can. */
  isNothing: boolean
}

export function createMatcher(
  whole: View,
  filter: FeatureFilter,
  schema: readonly Property[],
): Matcher {
  const { boxes, time, properties } = filter
  const view = viewWithin(whole, boxes)
  const values = [...(properties ?? [])]
  const texts = values.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)

  function judgeByHead(head: FeatureHead): 'yes' | 'no' | 'text' {
    if (time && !isValidIn(head, time)) return 'no'
    const seen = judgeHead(view, head)
    if (seen === 'outside') return 'no'
    const isIn = boxes ? judgeBoxes(boxes, head) : 'yes'
    if (isIn === 'no') return 'no'
    return isIn === 'text' || seen === 'edge' || values.length > 0 ? 'text' : 'yes'
  }

  return {
    ask: { windows: windowsOf(view, boxes ?? null), texts, time: time ?? null },
    judgeHead: judgeByHead,
    judge(candidate) {
      const verdict = judgeByHead(candidate)
      if (verdict !== 'text') return verdict === 'yes'
      if (!texts.every((text) => candidate.feature.includes(text))) return false
      const { geometry, properties: has } = parseFeature(candidate.feature)
      return (
        values.every(([name, value]) => has[name] === value) &&
        (!boxes || boxes.some((box) => geometryIntersectsBox(geometry, box))) &&
        (judgeHead(view, candidate) === 'inside' ||
          (typeof view === 'object' && view.sees(geometry)))
      )
    },
    isEverything: view === 'all' && !boxes && !time && values.length === 0,
    isNothing: values.some(([name]) => !schema.some((each) => each.name === name)),
  }
}

/** There is no need to ask an index where the whole collection is meant. */
export function narrowedAsk({ ask }: Matcher, extent: Box | null): Ask {
  return { ...ask, windows: narrowed(ask.windows, extent) }
}

function judgeBoxes(boxes: readonly Box[], head: FeatureHead): 'yes' | 'no' | 'text' {
  let touched = false
  for (const box of boxes) {
    if (boxContains(box, head)) return 'yes'
    touched ||= boxesIntersect(box, head)
  }
  return touched && !isPoint(head) ? 'text' : 'no'
}

/** The box of a point, or of points that are all the same. */
export const isPoint = ({ west, south, east, north }: Box): boolean =>
  west === east && south === north
