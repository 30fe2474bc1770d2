import type { Opened } from './backend.ts'
import { type Matcher, narrowedAsk } from './matching.ts'
import { rowsByKeys } from './texts.ts'
import { createTurn } from './turns.ts'

/** Heads are read quickly: about 3,000 in a millisecond. */
const BATCH = 2_000

/** How many features match; their texts are read only where heads do not tell. */
export async function countOf(
  { reader, generation }: Opened,
  matcher: Matcher,
  budgetMilliseconds: number,
): Promise<number | 'unknown'> {
  if (matcher.isNothing) return 0
  if (matcher.isEverything) return generation.featureCount
  const scan = reader.scanHeads(narrowedAsk(matcher, generation.extent), 0)
  const began = performance.now()
  const isOver = () => performance.now() - began > budgetMilliseconds
  const turn = createTurn()
  let count = 0
  for (;;) {
    const { rows, done } = await scan.next(BATCH)
    const unsure: number[] = []
    for (const head of rows) {
      const verdict = matcher.judgeHead(head)
      if (verdict === 'yes') count++
      if (verdict === 'text') unsure.push(head.key)
    }
    for await (const candidates of rowsByKeys(reader, unsure)) {
      for (const candidate of candidates) {
        if (isOver()) return 'unknown'
        if (turn.isOver()) await turn.yield()
        if (matcher.judge(candidate)) count++
      }
    }
    if (done) return count
    if (isOver()) return 'unknown'
    if (turn.isOver()) await turn.yield()
  }
}
