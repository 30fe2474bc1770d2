import { describe, expect, it } from 'vitest'
import { createRecentChanges } from './recent-changes.ts'

const box = (west: number) => ({ west, south: 0, east: west + 1, north: 1 })
const change = (revision: number, boxes: ReturnType<typeof box>[] | null, collectionId = 'c') => ({
  revision,
  collectionId,
  boxes,
})

describe('recent changes', () => {
  it('tell whether one touches a place after a revision', () => {
    const recent = createRecentChanges()
    recent.add(change(1, [box(0)]))
    recent.add(change(2, [box(5)], 'd'))
    recent.add(change(3, [box(10), box(20)]))
    const at = (west: number, since: number) => recent.haveTouched('c', [box(west)], since)
    expect([at(0, 0), at(0, 1), at(5, 0), at(20, 2), at(20, 3)]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
    expect(recent.haveTouched('e', [box(0)], 0)).toBe(false)
    expect(recent.haveTouched('c', [box(5), box(20)], 2)).toBe(true)
    expect(recent.haveTouched('c', [box(5), box(8)], 0)).toBe(false)
  })

  it('know that an import touches all', () => {
    const recent = createRecentChanges()
    recent.add(change(1, [box(0)]))
    recent.add(change(2, null))
    expect(recent.haveTouched('c', [box(50)], 1)).toBe(true)
    expect(recent.haveTouched('c', [box(0)], 2)).toBe(false)
    expect(recent.haveTouched('d', [box(0)], 0)).toBe(false)
  })

  it('count as touching what is older than what is known of them', () => {
    const recent = createRecentChanges({ ofCollection: 10, ofAll: 1_000 })
    for (let revision = 1; revision <= 11; revision++) recent.add(change(revision, [box(0)]))
    expect(recent.haveTouched('c', [box(50)], 5)).toBe(true)
    expect(recent.haveTouched('c', [box(50)], 6)).toBe(false)
    expect(recent.haveTouched('c', [box(0)], 6)).toBe(true)
    expect(recent.haveTouched('d', [box(0)], 0)).toBe(false)
  })

  it('are forgotten together when they are too many', () => {
    const recent = createRecentChanges({ ofCollection: 10, ofAll: 15 })
    for (let revision = 1; revision <= 16; revision++) {
      recent.add(change(revision, [box(0)], String(revision)))
    }
    expect(recent.haveTouched('d', [box(50)], 15)).toBe(true)
    expect(recent.haveTouched('d', [box(50)], 16)).toBe(false)
  })
})
