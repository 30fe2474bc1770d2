import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createThreadTurns, type Kind } from './thread-turns.ts'

function started(threads: number) {
  const turns = createThreadTurns(threads)
  const order: Kind[] = []
  const ask = (kind: Kind, count: number) => {
    for (let asked = 0; asked < count; asked++) {
      void turns.take(kind).then(() => order.push(kind))
    }
    return setImmediate()
  }
  const give = (kind: Kind) => {
    turns.give(kind)
    return setImmediate()
  }
  return { turns, order, ask, give }
}

it('leaves a thread to tiles, however many reads wait', async () => {
  const { turns, order, ask, give } = started(3)
  await ask('read', 10)
  expect(order).toEqual(['read', 'read'])
  expect(turns.count('read')).toBe(10)
  await ask('tile', 2)
  expect(order).toEqual(['read', 'read', 'tile'])
  await give('tile')
  expect(order.slice(3)).toEqual(['tile'])
  await give('tile')
  expect(order).toHaveLength(4)
  await give('read')
  expect(order.slice(4)).toEqual(['read'])
})

it('lets both take turns where there is one thread', async () => {
  const { order, ask, give } = started(1)
  await ask('read', 3)
  await ask('tile', 3)
  for (let done = 0; done < 6; done++) await give(order.at(-1)!)
  expect(order).toEqual(['read', 'tile', 'read', 'tile', 'read', 'tile'])
})

it('lets tiles have all threads while nothing else waits', async () => {
  const { order, ask, give } = started(2)
  await ask('tile', 5)
  expect(order).toEqual(['tile', 'tile'])
  await ask('read', 1)
  await give('tile')
  expect(order).toEqual(['tile', 'tile', 'read'])
})
