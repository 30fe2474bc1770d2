import { describe, expect, it } from 'vitest'
import { createAttempts } from './attempts.ts'

function openAttempts() {
  let now = 1_000_000
  const attempts = createAttempts({ clock: { now: () => now, monotonic: () => now } })
  return { attempts, advance: (milliseconds: number) => (now += milliseconds) }
}

const HERE = '192.0.2.1'

describe('attempts', () => {
  it.each([
    ['short', 'client'],
    ['long', `https://app.example/${'a'.repeat(400)}`],
  ])('are so many for one client and network in five minutes, by a %s id', (_length, clientId) => {
    const { attempts, advance } = openAttempts()
    for (let count = 0; count < 99; count++) attempts.countFailure(clientId, HERE)
    expect(attempts.waitSeconds(clientId, HERE)).toBe(0)
    attempts.countFailure(clientId, HERE)
    expect(attempts.waitSeconds(clientId, HERE)).toBe(300)
    expect(attempts.waitSeconds(clientId, '192.0.2.2')).toBe(0)
    expect(attempts.waitSeconds(`${clientId}b`, HERE)).toBe(0)
    advance(300_000)
    expect(attempts.waitSeconds(clientId, HERE)).toBe(0)
  })

  it('are so many for a network, whatever the client', () => {
    const { attempts } = openAttempts()
    for (let count = 0; count < 1_000; count++) attempts.countFailure(String(count), HERE)
    expect(attempts.waitSeconds('other', HERE)).toBe(300)
  })
})
