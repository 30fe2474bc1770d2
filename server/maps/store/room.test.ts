import { expect, it } from 'vitest'
import { NoRoomError } from './changes.ts'
import { ALWAYS_ALLOWED, createRoom, TIMES_ALLOWED } from './room.ts'

const rows = (characters: number) => [{ feature: 'x'.repeat(characters) }]
const MANY = 8 * 1_048_576

it('lets a file become some times as large, and more where data is kept', () => {
  const options = { writer: { freeBytes: () => null }, sparedBytes: 0 }
  const room = createRoom({ ...options, sentBytes: MANY / TIMES_ALLOWED })
  for (let taken = 0; taken < ALWAYS_ALLOWED; taken += MANY) room.take(rows(MANY - 200))
  expect(room.stored()).toBe(ALWAYS_ALLOWED)
  room.take(rows(MANY - 200))
  room.take(rows(MANY - 200), MANY / TIMES_ALLOWED)
  expect(() => room.take(rows(1))).toThrow(NoRoomError)
  expect(() => room.take(rows(1))).toThrow('more than 80 MiB')
  const boundless = createRoom({ ...options, sentBytes: Infinity })
  for (let taken = 0; taken < 2 * ALWAYS_ALLOWED; taken += MANY) boundless.take(rows(MANY))
})

it('asks the disk now and then, and leaves a reserve', async () => {
  let [free, asked] = [100, 0]
  const freeBytes = () => {
    asked++
    return free
  }
  const room = createRoom({ writer: { freeBytes }, sentBytes: Infinity, sparedBytes: 50 })
  await room.look()
  room.take(rows(MANY))
  await room.look()
  expect(asked).toBe(0)
  room.take(rows(MANY))
  await room.look()
  await room.look()
  expect(asked).toBe(1)
  free = 49
  room.take(rows(2 * MANY))
  await expect(room.look()).rejects.toThrow('the disk has no room')
})
