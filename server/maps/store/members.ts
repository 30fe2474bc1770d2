import type { Opened } from './backend.ts'
import type { Candidate, FeatureHead } from './feature-rows.ts'
import type { Members, MembersOptions } from './map-store.ts'
import { isPoint, type Matcher, narrowedAsk } from './matching.ts'
import { rowsByKeys } from './texts.ts'
import { createTurn } from './turns.ts'

type Found = Pick<Members, 'features' | 'more'>

/** What a tile is drawn of. */
export function membersOf(
  opened: Opened,
  matcher: Matcher,
  { maximum, placeOf }: MembersOptions,
): Promise<Found> {
  return placeOf
    ? membersOfPlaces(opened, matcher, maximum, placeOf)
    : firstMembers(opened, matcher, maximum)
}

const BATCH = 1_000

async function firstMembers(
  { reader, generation }: Opened,
  matcher: Matcher,
  maximum: number,
): Promise<Found> {
  const features: Members['features'] = []
  const scan = reader.scan(narrowedAsk(matcher, generation.extent), 0)
  const turn = createTurn()
  for (;;) {
    const { rows, done } = await scan.next(Math.min(maximum + 1, BATCH))
    for (const candidate of rows) {
      if (turn.isOver()) await turn.yield()
      if (!matcher.judge(candidate)) continue
      if (features.length === maximum) return { features, more: true }
      features.push({ key: candidate.key, feature: candidate.feature })
    }
    if (done) return { features, more: false }
    if (turn.isOver()) await turn.yield()
  }
}

/** Heads are read quickly: about 3,000 in a millisecond. */
const BATCH_OF_HEADS = 2_000

const FEW = 300

/**
 * Chosen by heads, so that of many points in one place only one is read. What is no point is taken
 * as it comes.
 */
async function membersOfPlaces(
  { reader, generation }: Opened,
  matcher: Matcher,
  maximum: number,
  placeOf: (longitude: number, latitude: number) => number,
): Promise<Found> {
  const ask = narrowedAsk(matcher, generation.extent)
  const places = new Set<number>()
  const isTaken = (head: FeatureHead): boolean => {
    if (!isPoint(head)) return false
    return places.size === places.add(placeOf(head.west, head.south)).size
  }
  // Where there are few, reading them all takes less than choosing.
  const few = await reader.scan(ask, 0).next(Math.min(FEW, maximum))
  if (few.done) {
    const members = few.rows.filter((row) => matcher.judge(row) && !isTaken(row))
    return { features: members.map(({ key, feature }) => ({ key, feature })), more: false }
  }
  const chosen: { key: number; isSure: boolean }[] = []
  const scan = reader.scanHeads(ask, 0)
  const turn = createTurn()
  let sure = 0
  for (let done = false; !done && sure <= maximum;) {
    const batch = await scan.next(BATCH_OF_HEADS)
    for (const head of batch.rows) {
      const verdict = matcher.judgeHead(head)
      if (verdict === 'no') continue
      if (isTaken(head)) continue
      if (verdict === 'yes') sure++
      chosen.push({ key: head.key, isSure: verdict === 'yes' })
    }
    done = batch.done
    if (turn.isOver()) await turn.yield()
  }
  const features: Members['features'] = []
  for (let start = 0; start < chosen.length; start += BATCH) {
    const some = chosen.slice(start, start + BATCH)
    const rows = new Map<number, Candidate>()
    for await (const batch of rowsByKeys(
      reader,
      some.map(({ key }) => key),
    )) {
      for (const row of batch) rows.set(row.key, row)
    }
    for (const { key, isSure } of some) {
      if (turn.isOver()) await turn.yield()
      const row = rows.get(key)
      if (!row || !(isSure || matcher.judge(row))) continue
      if (features.length === maximum) return { features, more: true }
      features.push({ key, feature: row.feature })
    }
  }
  return { features, more: false }
}
