import { expect, it } from 'vitest'
import { createCustomerTurns } from './customer-turns.ts'

it('lets customers take turns, each with the oldest of its jobs', () => {
  const turns = createCustomerTurns()
  let waiting = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((id) => ({ id, customerId: id[0]! }))
  const order: string[] = []
  while (waiting.length > 0) {
    const [next] = turns.inTurn(waiting)
    turns.served(next!.customerId)
    order.push(next!.id)
    waiting = waiting.filter((each) => each !== next)
    // Somebody new comes in between.
    if (order.length === 4) waiting.push({ id: 'd1', customerId: 'd' })
  }
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'd1', 'b2', 'a3', 'a4'])
})
