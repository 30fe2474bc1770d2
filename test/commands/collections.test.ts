import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSqliteFile } from '../../server/database/sqlite.ts'
import { createInstallation } from './command-line.ts'

const area = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ],
  ],
}

it('collections are created, shown, changed and deleted', async () => {
  await using on = await createInstallation()
  await on.json('customers create Lund --id lund')
  const created = await on.json('collections create trees --customer lund --title', 'Street trees')
  expect(created).toMatchObject({ id: 'trees', customerId: 'lund', visibility: 'private' })
  const changed = await on.json(
    'collections change trees --visibility subscription --licence CC0',
    ...['--licence-url', 'https://creativecommons.org/publicdomain/zero/1.0/'],
  )
  expect(changed).toMatchObject({ visibility: 'subscription', licence: { name: 'CC0' } })
  expect(await on.json('collections show trees')).toEqual({
    ...changed,
    featureCount: 0,
    dimension: null,
    properties: [],
    subscriptions: [],
  })
  expect(await on.json('collections list --customer lund')).toEqual({
    collections: [changed],
    next: null,
  })
  expect((await on.run('collections list')).stdout).toMatch(
    /trees +Street trees +lund +subscription/,
  )
  expect(await on.error('customers delete lund')).toMatchObject({ code: 'has-collections' })

  const refusals = [
    ['collections create trees --title Again', 1, 'exists'],
    ['collections create a/b --title Slash', 2, 'usage'],
    ['collections create roads --customer nobody --title Roads', 1, 'unknown-customer'],
    ['collections change trees', 2, 'usage'],
    ['collections change trees --licence CC0', 2, 'usage'],
    ['collections change trees --made-of nothing', 1, 'unknown-collection'],
    ['collections show roads', 1, 'unknown-collection'],
    ['collections delete roads', 1, 'unknown-collection'],
  ] as const
  for (const [line, exitCode, code] of refusals) {
    expect({ line, ...(await on.error(line)) }).toMatchObject({ line, exitCode, code })
  }
  expect(await on.json('collections delete trees')).toEqual({ id: 'trees', deleted: true })
  expect(await on.json('customers delete lund')).toMatchObject({ deleted: true })
})

it('subscriptions are created, listed, changed and ended', async () => {
  await using on = await createInstallation()
  for (const id of ['lund', 'malmo']) await on.json(`customers create ${id} --id ${id}`)
  await on.json('collections create trees --customer lund --title Trees')
  const file = join(on.dataDir, 'area.geojson')
  writeFileSync(file, JSON.stringify({ type: 'Feature', properties: {}, geometry: area }))
  const create = 'subscriptions create --customer malmo --collection trees'
  const created = await on.json<{ id: string }>(
    `${create} --from 2027-01-01 --to 2027-02-01T12:00:00Z --area`,
    file,
  )
  expect(created).toMatchObject({
    customerId: 'malmo',
    collectionId: 'trees',
    action: 'read',
    areaId: expect.any(String),
    from: '2027-01-01T00:00:00.000Z',
    to: '2027-02-01T12:00:00.000Z',
  })
  const { id } = created
  expect(await on.json('subscriptions list --collection trees --customer malmo')).toEqual({
    subscriptions: [created],
    next: null,
  })
  const changed = await on.json(`subscriptions change ${id} --to never --area`, '')
  expect(changed).toEqual({ ...created, to: null, areaId: null })
  expect((await on.run('collections show trees')).stdout).toMatch(/malmo +read +all +2027-01-01/)

  const refusals = [
    [create, 1, 'exists'],
    [`${create} --action write --from 2027-01-02 --to 2027-01-01`, 2, 'usage'],
    [`${create} --from 24h`, 2, 'usage'],
    ['subscriptions create --customer lund --collection trees', 1, 'own'],
    ['subscriptions create --customer nobody --collection trees', 1, 'unknown-customer'],
    ['subscriptions create --customer malmo --collection roads', 1, 'unknown-collection'],
    ['subscriptions list --collection roads', 1, 'unknown-collection'],
    [`subscriptions change ${id}`, 2, 'usage'],
    ['subscriptions end nothing', 1, 'unknown-subscription'],
  ] as const
  for (const [line, exitCode, code] of refusals) {
    expect({ line, ...(await on.error(line)) }).toMatchObject({ line, exitCode, code })
  }
  expect(await on.json(`subscriptions end ${id}`)).toEqual({ id, ended: true })
  expect(await on.json('subscriptions list')).toEqual({ subscriptions: [], next: null })
})

it('what is left of a collection that is not registered is named, and removed when that is asked', async () => {
  await using on = await createInstallation()
  await on.json('customers create Lund --id lund')
  const file = join(on.dataDir, 'trees.ndjson')
  const feature = { type: 'Feature', id: 1, properties: {} }
  const geometry = { type: 'Point', coordinates: [13, 55] }
  writeFileSync(file, JSON.stringify({ ...feature, geometry }))
  await on.json(['import', file, ...'--collection trees --customer lund'.split(' ')].join(' '))
  const mapData = async () => {
    const { stdout } = await on.run('doctor --json')
    const { findings } = JSON.parse(stdout) as { findings: { check: string; message: string }[] }
    return findings.find(({ check }) => check === 'map data')
  }
  expect(await mapData()).toMatchObject({ level: 'ok' })
  // As after the restore of a backup that was made before the collection was created.
  const database = openSqliteFile(join(on.dataDir, 'mapgate.sqlite'))
  database.exec("delete from collections where id = 'trees'")
  database.close()
  expect(await mapData()).toMatchObject({
    level: 'warn',
    message: expect.stringContaining('trees'),
    advice: expect.stringContaining('mapgate collections delete'),
  })
  expect(await on.json('collections delete trees')).toEqual({ id: 'trees', deleted: true })
  expect(await mapData()).toMatchObject({ level: 'ok' })
  expect(await on.error('collections delete trees')).toMatchObject({ code: 'unknown-collection' })
})
