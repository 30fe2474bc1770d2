import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { UnavailableError } from '../../lib/unavailable.ts'
import { createThreadTurns, type Kind, type Turn } from './thread-turns.ts'

function started(threads: number, room = { ofOne: 100, ofAll: 100 }) {
  const turns = createThreadTurns(threads, room)
  const begun: { kind: Kind; caller: string; turn: Turn }[] = []
  const ask = (kind: Kind, count: number, caller = 'one') => {
    const asked = Array.from({ length: count }, () => turns.ask(kind, caller))
    for (const turn of asked) void turn.begun.then(() => begun.push({ kind, caller, turn }))
    return setImmediate(asked)
  }
  const give = (kind: Kind) => {
    const index = begun.findIndex((each) => each.kind === kind && !given.has(each.turn))
    given.add(begun[index]!.turn)
    begun[index]!.turn.giveBack()
    return setImmediate()
  }
  const given = new Set<Turn>()
  const kinds = () => begun.map(({ kind }) => kind)
  const callers = () => begun.map(({ caller }) => caller).join('')
  return { ask, give, kinds, callers }
}

it('leaves a thread to tiles, however many reads wait', async () => {
  const { kinds, ask, give } = started(3)
  await ask('read', 10)
  expect(kinds()).toEqual(['read', 'read'])
  await ask('tile', 2)
  expect(kinds()).toEqual(['read', 'read', 'tile'])
  await give('tile')
  expect(kinds().slice(3)).toEqual(['tile'])
  await give('tile')
  expect(kinds()).toHaveLength(4)
  await give('read')
  expect(kinds().slice(4)).toEqual(['read'])
})

it('lets both take turns where there is one thread', async () => {
  const { kinds, ask, give } = started(1)
  await ask('read', 3)
  await ask('tile', 3)
  for (let done = 0; done < 5; done++) await give(kinds().at(-1)!)
  expect(kinds()).toEqual(['read', 'tile', 'read', 'tile', 'read', 'tile'])
})

it('lets tiles have all threads while nothing else waits', async () => {
  const { kinds, ask, give } = started(2)
  await ask('tile', 5)
  expect(kinds()).toEqual(['tile', 'tile'])
  await ask('read', 1)
  await give('tile')
  expect(kinds()).toEqual(['tile', 'tile', 'read'])
})

it('takes turns over callers', async () => {
  const { callers, ask, give } = started(1)
  await ask('tile', 5, 'a')
  await ask('tile', 2, 'b')
  for (let done = 0; done < 6; done++) await give('tile')
  expect(callers()).toBe('aababaa')
})

it('gives what several wait for its turn with the first of them', async () => {
  const { callers, ask, give } = started(1)
  const asked = await ask('tile', 5, 'a')
  asked[4]!.share('b')
  await give('tile')
  await give('tile')
  expect(callers()).toBe('aaa')
  await asked[4]!.begun
})

it('refuses what is too much, for one caller and for all, and nothing that need not wait', async () => {
  const { ask, give } = started(1, { ofOne: 1, ofAll: 2 })
  const refused = (caller: string) => () => ask('read', 1, caller)
  await ask('read', 2, 'a')
  expect(refused('a')).toThrow(UnavailableError)
  await ask('read', 1, 'b')
  expect(refused('c')).toThrow(UnavailableError)
  await give('read')
  await ask('read', 1, 'c')
})
