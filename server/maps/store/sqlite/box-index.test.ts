import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { fillBoxes } from './box-index.ts'
import { tablesOf } from './sqlite-tables.ts'

interface Row {
  key: number
  west: number
  south: number
  east: number
  north: number
}

function filled(rows: readonly Row[], maximum?: number): DatabaseSync {
  const connection = new DatabaseSync(':memory:')
  connection.enableDefensive?.(false)
  connection.exec(tablesOf(3, false))
  const insert = connection.prepare(
    `insert into features_3 (key, west, south, east, north, id, feature) values (?, ?, ?, ?, ?, ?, '')`,
  )
  for (const { key, west, south, east, north } of rows) {
    insert.run(key, west, south, east, north, `f${key}`)
  }
  for (const step of fillBoxes(connection, 3, maximum)) step()
  return connection
}

/** Lies like this always, and all over. */
const rowAt = (index: number, size = 0): Row => {
  const [west, south] = [((index * 7.31) % 350) - 179, ((index * 3.17) % 160) - 84]
  return { key: 3 * index + 1, west, south, east: west + size, north: south + size / 2 }
}
const rowsOf = (count: number, size = 0) => Array.from({ length: count }, (_, i) => rowAt(i, size))

const checked = (connection: DatabaseSync) =>
  connection.prepare(`select rtreecheck('boxes_3') result`).get()!['result']

const WINDOW = 'minimum_x <= 50 and maximum_x >= 20 and minimum_y <= 60 and maximum_y >= 30'

it.each([0, 1, 51, 52, 2_000, 5_000])('makes a sound tree of %i features', (count) => {
  const rows = rowsOf(count, 0.3)
  using connection = filled(rows)
  expect(checked(connection)).toBe('ok')
  const found = connection.prepare(`select key from boxes_3 where ${WINDOW} order by key`).all()
  expect(found.map(({ key }) => key)).toEqual(
    rows
      .filter(
        ({ west, east, south, north }) => west <= 50 && east >= 20 && south <= 60 && north >= 30,
      )
      .map(({ key }) => key),
  )
})

it('holds the same boxes as one that the features are inserted in', () => {
  const rows = [
    ...rowsOf(500, 0.1),
    { key: 2 ** 53 - 1, west: -180, south: -90, east: 180, north: 90 },
    { key: 2 ** 52, west: 1e-12, south: -1e-12, east: 0.1, north: 0.7 },
  ]
  using connection = filled(rows)
  connection.exec('create virtual table usual using rtree(key, a, b, c, d)')
  const insert = connection.prepare('insert into usual values (?, ?, ?, ?, ?)')
  for (const { key, west, south, east, north } of rows) insert.run(key, west, east, south, north)
  const all = (table: string) => connection.prepare(`select * from ${table} order by key`).all()
  expect(all('boxes_3').map((row) => Object.values(row))).toEqual(
    all('usual').map((row) => Object.values(row)),
  )
})

it('inserts what is beyond the most that are sorted, and takes single changes', () => {
  using connection = filled(rowsOf(1_500), 600)
  expect(checked(connection)).toBe('ok')
  const count = () => connection.prepare('select count(*) count from boxes_3').get()!['count']
  expect(count()).toBe(1_500)
  connection.exec(
    'delete from boxes_3 where key % 2 = 0; insert into boxes_3 values (0, 1, 2, 3, 4)',
  )
  expect(checked(connection)).toBe('ok')
  connection.exec('delete from boxes_3')
  expect(checked(connection)).toBe('ok')
  expect(count()).toBe(0)
})
