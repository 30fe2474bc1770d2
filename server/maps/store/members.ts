import type { Opened } from './backend.ts'
import type { FeatureHead } from './feature-rows.ts'
import type { Members, MembersOptions } from './map-store.ts'
import { isPoint, type Matcher, narrowedAsk } from './matching.ts'
import { rankOf } from './rank-boxes.ts'
import { rowsByKeys } from './texts.ts'
import { createTurn } from './turns.ts'

/** Heads are read quickly: about 3,000 in a millisecond. */
const BATCH_OF_HEADS = 2_000

const FEW = 300

/** Of all members, in characters. */
const MAXIMUM_TEXT = 64_000_000

/**
 * What a tile is drawn of. Which features these are is chosen by heads, so that of many only those are
 * read that are given, and of many points in one place only one. What is not seen is not chosen
 * among: where heads do not tell, it is read in its turn and left out.
 */
export async function membersOf(
  { reader, generation }: Opened,
  matcher: Matcher,
  { maximum, placeOf }: MembersOptions,
): Promise<Pick<Members, 'features' | 'more'>> {
  const ask = narrowedAsk(matcher, generation.extent)
  const places = new Set<number>()
  const isTaken = (head: FeatureHead): boolean => {
    if (!placeOf || !isPoint(head)) return false
    return places.size === places.add(placeOf(head.west, head.south)).size
  }
  // Where there are few, reading them all takes less than choosing.
  const few = await reader.scan(ask, 0).next(Math.min(FEW, maximum))
  if (few.done) {
    const members = few.rows.filter((row) => matcher.judge(row) && !isTaken(row))
    return { features: members.map(({ key, feature }) => ({ key, feature })), more: false }
  }
  const choice = createChoice(maximum)
  const scan = reader.scanHeads(ask, 0)
  const turn = createTurn()
  // Of more places than may be given nobody wants some.
  for (let done = false; !done && places.size <= maximum;) {
    const batch = await scan.next(BATCH_OF_HEADS)
    for (const head of batch.rows) {
      const verdict = matcher.judgeHead(head)
      if (verdict === 'no' || isTaken(head)) continue
      choice.add({ key: head.key, rank: rankOf(head), isSure: verdict === 'yes' })
    }
    done = batch.done
    if (turn.isOver()) await turn.yield()
  }
  const { keys, isCut } = choice.best()
  const features: Members['features'] = []
  let more = isCut
  let length = 0
  reading: for await (const rows of rowsByKeys(reader, keys)) {
    for (const row of rows) {
      if (turn.isOver()) await turn.yield()
      if (!matcher.judge(row)) continue
      length += row.feature.length
      if (features.length === maximum || (features.length > 0 && length > MAXIMUM_TEXT)) {
        more = true
        break reading
      }
      features.push({ key: row.key, feature: row.feature })
    }
  }
  return { features: features.toSorted((a, b) => a.key - b.key), more }
}

interface Chosen {
  key: number
  rank: number
  /** Its head tells that it is a member. */
  isSure: boolean
}

/**
 * The first by rank. One that is not sure is kept as long as fewer sure ones than the maximum come
 * before it.
 */
function createChoice(maximum: number) {
  let kept: Chosen[] = []
  let isCut = false
  let leastRank = -Infinity
  let sortedAt = Math.max(2 * maximum, 1_000)

  function cut(): void {
    kept.sort((a, b) => b.rank - a.rank || a.key - b.key)
    let sure = 0
    const end = kept.findIndex(({ isSure }) => isSure && ++sure > maximum)
    if (end === -1) return
    isCut = true
    leastRank = kept[end]!.rank
    kept = kept.slice(0, end)
  }

  return {
    add(one: Chosen): void {
      if (one.rank < leastRank) return
      kept.push(one)
      if (kept.length < sortedAt) return
      cut()
      sortedAt = Math.max(2 * kept.length, 1_000)
    },
    best(): { keys: number[]; isCut: boolean } {
      cut()
      return { keys: kept.map(({ key }) => key), isCut }
    },
  }
}
