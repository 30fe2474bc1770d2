import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInstallation, type Installation } from './command-line.ts'

interface Imports {
  imports: {
    collection: string
    created: boolean
    features: number
    featureCount: number
    faults: number
    errors: { line: number; record: number; reason: string }[]
  }[]
}

interface Feature {
  id: string
  geometry: { type: string; coordinates: unknown }
  properties: Record<string, unknown>
}

const point = (id: string | number, properties: object, coordinates = [Number(id) || 1, 50]) => ({
  type: 'Feature',
  ...(id !== '' && { id }),
  geometry: { type: 'Point', coordinates },
  properties,
})
const collection = (features: object[]) => JSON.stringify({ type: 'FeatureCollection', features })
const lines = (features: object[]) => features.map((each) => `${JSON.stringify(each)}\n`).join('')

/** An installation for the tests of a suite, with what they all do. */
function useInstallation(kind: 'sqlite' | 'postgres') {
  let on: Installation

  beforeAll(async () => {
    on = await createInstallation(kind)
    await on.json('customers create Lund --id lund')
  })
  afterAll(() => on[Symbol.asyncDispose]())

  return {
    installation: () => on,
    async file(name: string, content: string | Uint8Array): Promise<string> {
      const path = join(on.dataDir, name)
      await writeFile(path, content)
      return path
    },
    load: (path: string, id: string, ...more: string[]) =>
      on.json<Imports>(`import ${path} --collection ${id} --customer lund`, ...more),
    async exported(id: string): Promise<Feature[]> {
      const { code, stdout, stderr } = await on.run(`export --collection ${id} --format ndjson`)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return stdout
        .trimEnd()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Feature)
    },
  }
}

describe.each(['sqlite', 'postgres'] as const)('mapgate import (%s)', (kind) => {
  const { installation, file, load, exported } = useInstallation(kind)

  it('takes what it can, tells what it cannot, and creates the collection', async () => {
    const path = await file(
      'parks.geojson',
      `{"type":"FeatureCollection","features":[
${JSON.stringify(point(1, { name: 'Ö', size: 3, open: true }))},
{"type":"Feature","id":tru},
${JSON.stringify(point(1, { name: 'twice' }))},
${JSON.stringify({ ...point(3, {}), geometry: null })},
${JSON.stringify(point(4, { ['x'.repeat(10_000)]: 1 }))},
${JSON.stringify(point(5, { name: 'far' }, [200, 0]))},
${JSON.stringify(point(6, { name: null, size: 2.5 }))}
]}`,
    )
    const { imports } = await load(path, 'parks', '--title', 'Parks', '--visibility', 'public')
    expect(imports).toMatchObject([
      { collection: 'parks', created: true, features: 2, featureCount: 2, faults: 5 },
    ])
    expect(imports[0]!.errors.toSorted((a, b) => a.record - b.record)).toMatchObject([
      { line: 3, record: 2, reason: expect.stringContaining('is not JSON') },
      { line: 4, record: 3, reason: 'id: the id "1" comes twice' },
      { line: 5, record: 4, reason: 'geometry: is missing' },
      {
        line: 6,
        record: 5,
        reason: 'properties: a name has 10000 characters; at most 200 are allowed',
      },
      { line: 7, record: 6, reason: expect.stringContaining('longitude 200') },
    ])
    expect(await exported('parks')).toEqual([
      expect.objectContaining({ id: '1', properties: { name: 'Ö', size: 3, open: true } }),
      expect.objectContaining({ id: '6', properties: { name: null, size: 2.5, open: null } }),
    ])
    const { events } = await installation().json<{ events: { action: string; details: object }[] }>(
      'audit list --customer lund --limit 1',
    )
    expect(events).toMatchObject([
      { action: 'collection.import', details: { features: 2, faults: 5 } },
    ])
  })

  it('takes no number that would become another one', async () => {
    const of = (properties: string, id = '1') =>
      `{"type":"Feature","id":${id},"geometry":{"type":"Point","coordinates":[1,50]},"properties":${properties}}`
    const records = [
      of('{"size":1,"more":{"a":1}}'),
      of('{"size":9007199254740993}', '2'),
      of('{"more":{"a":[9007199254740993]}}', '3'),
      of('{}', '9007199254740993'),
      of('{"size":1e400}', '4'),
      of('{"size":0.12345678901234567890123}', '5'),
    ]
    for (const [name, content] of [
      ['numbers.ndjson', records.join('\n')],
      ['numbers.geojson', `{"type":"FeatureCollection","features":[${records.join(',\n')}]}`],
    ] as const) {
      const { imports } = await load(await file(name, content), 'numbers')
      expect(imports).toMatchObject([{ features: 2, faults: 4 }])
      expect(imports[0]!.errors.toSorted((a, b) => a.line - b.line)).toMatchObject([
        {
          line: 2,
          reason:
            'properties: "size" must be within ±2^53 to be kept exactly, or be written as a text, not 9007199254740993',
        },
        { line: 3, reason: expect.stringMatching(/^properties: "more" .*±2\^53.* at \.a\[0\]/) },
        { line: 4, reason: expect.stringMatching(/^id is a number beyond ±2\^53/) },
        { line: 5, reason: expect.stringMatching(/^properties: "size" must be within ±1\.8e308/) },
      ])
    }
    expect((await exported('numbers')).map(({ properties }) => properties['size'])).toEqual([
      1, 0.12345678901234568,
    ])
  })

  it('keeps ids of what says the same, and tells equal features apart', async () => {
    const same = lines([
      point('', { name: 'a' }),
      point('', { name: 'a' }),
      point('', { name: 'b' }),
    ])
    const path = await file('same.ndjson', same)
    expect((await load(path, 'same')).imports).toMatchObject([{ features: 3, faults: 0 }])
    const before = await exported('same')
    expect(new Set(before.map(({ id }) => id)).size).toBe(3)
    expect((await load(path, 'same')).imports).toMatchObject([{ created: false, features: 3 }])
    expect(await exported('same')).toEqual(before)
    const more = lines([point('', { name: 'new' }), point('', { name: 'a' })])
    const merged = await load(await file('more.ndjson', more), 'same', '--merge')
    expect(merged.imports).toMatchObject([{ features: 2, featureCount: 4 }])
    expect((await exported('same')).map(({ properties }) => properties['name'])).toEqual([
      ...before.map(({ properties }) => properties['name']),
      'new',
    ])
  })
})

describe('mapgate import and export', () => {
  const { installation, file, load, exported } = useInstallation('sqlite')

  it('has ids from a property, and keeps the types of a schema that grows', async () => {
    const stops = 'stop,lon,lat,zone\n007,1,2,5\n008,3,4,6\n'
    const path = await file('stops.csv', stops)
    await load(path, 'stops', '--id-property', 'stop')
    expect((await exported('stops')).map(({ id }) => id)).toEqual(['007', '008'])
    const next = 'stop,lon,lat,zone,name\n007,1,2,many,x\n009,3,4,7,Ö\n'
    // The role stays with the property, and a zone is an integer still.
    const { imports } = await load(await file('next.csv', next), 'stops')
    expect(imports).toMatchObject([
      { features: 1, errors: [{ line: 2, reason: 'zone: "many" is no integer' }] },
    ])
    expect(await exported('stops')).toMatchObject([
      { id: '009', properties: { stop: '009', zone: 7, name: 'Ö' } },
    ])
  })

  it('leaves everything as it was when an import fails', async () => {
    await load(await file('good.ndjson', lines([point(1, {})])), 'safe')
    const cut = await file(
      'cut.geojson',
      `{"type":"FeatureCollection",\n"features":[${JSON.stringify(point(2, {}))},`,
    )
    expect(await installation().error(`import ${cut} --collection safe`)).toEqual({
      exitCode: 1,
      code: 'import',
      message: expect.stringContaining('line 2: ends in the middle'),
    })
    const strict = await file(
      'strict.ndjson',
      `${lines([point(2, {})])}nonsense\n${lines([point(3, {})])}`,
    )
    expect(await installation().error(`import ${strict} --collection safe --strict`)).toMatchObject(
      {
        exitCode: 1,
        message: expect.stringContaining('line 2: is not JSON'),
      },
    )
    const bad = await file('bad.ndjson', 'nonsense\n')
    expect(
      await installation().error(`import ${bad} --collection new --customer lund`),
    ).toMatchObject({
      message: expect.stringContaining('no record can be taken'),
    })
    expect((await exported('safe')).map(({ id }) => id)).toEqual(['1'])
    expect(await installation().error('export --collection new')).toMatchObject({
      code: 'unknown-collection',
    })
  })

  it('brings an IMDF archive into a collection for each type', async () => {
    const square = {
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
    const level = { type: 'Feature', id: 'l', geometry: square, properties: { ordinal: 2 } }
    const unit = {
      type: 'Feature',
      id: 'u',
      geometry: square,
      properties: { level_id: 'l', name: { en: 'Hall' } },
    }
    const archive = zipSync({
      'manifest.json': Buffer.from('{"version":"1.0.0","language":"en"}'),
      'level.geojson': Buffer.from(collection([level])),
      'unit.geojson': Buffer.from(collection([unit])),
    })
    const path = await file('station.zip', archive)
    expect((await load(path, 'station')).imports).toMatchObject([
      { collection: 'station-level', features: 1 },
      { collection: 'station-unit', features: 1 },
    ])
    expect(await exported('station-unit')).toMatchObject([
      { id: 'u', properties: { name: 'Hall', level: 2 } },
    ])
    await load(path, 'halls', '--type', 'unit')
    expect(await exported('halls')).toHaveLength(1)
  })

  it('takes types of CSV from all rows, and the ids of features when asked for id', async () => {
    const rows = Array.from({ length: 1_500 }, (_, index) => `${index},${index},1,2,`)
    const text = `id,code,x,y,geometry\n${[...rows, 'last,B7,1,2,POINT (3 4)'].join('\n')}\n`
    const path = await file('late.csv', text)
    const { imports } = await load(path, 'late', '--id-property', 'id')
    expect(imports).toMatchObject([{ features: 1_501, faults: 0 }])
    const all = await exported('late')
    expect(all[0]).toMatchObject({ id: '0', properties: { code: '0' } })
    expect(all.at(-1)).toMatchObject({
      id: 'last',
      geometry: { coordinates: [3, 4] },
      properties: { code: 'B7', x: 1, y: 2 },
    })
  })

  it('imports the other types of an archive when one cannot be, and says so', async () => {
    const place = (id: string) => ({ ...point(id, {}), id })
    const archive = zipSync({
      'manifest.json': Buffer.from('{"version":"1.0.0","language":"en"}'),
      'anchor.geojson': Buffer.from(collection([place('a')])),
      'amenity.geojson': Buffer.from(collection([point('m', {}, [200, 0])])),
      'kiosk.geojson': Buffer.from(collection([place('k')])),
    })
    const path = await file('broken.zip', archive)
    const command = `import ${path} --collection broken --customer lund`
    const { code, stdout, stderr } = await installation().run(command)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^Imported 1 feature into .*broken-kiosk\.$/m)
    expect(stdout).toMatch(/^Imported 1 feature into .*broken-anchor\.$/m)
    expect(stdout).toMatch(/^The import into broken-amenity failed: .*It was not created\.$/m)
    expect(stderr).toMatch(/Only 2 of 3 types were imported/)
    expect(await exported('broken-anchor')).toHaveLength(1)
  })

  it('writes what it reads again: every format, a file as well as the output', async () => {
    const odd = { name: 'a, "b"\nc', code: '007', list: [1, { b: null }], size: 0.1, open: false }
    const features = [point('é/1', odd, [12.3456789, -5]), point(2, { name: '' })]
    await load(await file('odd.geojson', collection(features)), 'odd')
    const before = await exported('odd')
    for (const format of ['geojson', 'ndjson', 'csv']) {
      const path = join(installation().dataDir, `odd-again.${format}`)
      await installation().json(`export --collection odd --format ${format} --output ${path}`)
      await load(path, `odd-${format}`)
      const again = await exported(`odd-${format}`)
      // CSV knows no difference between an empty text and none.
      if (format === 'csv') expect(again[0]).toEqual(before[0])
      else expect(again).toEqual(before)
    }
    const geojson = JSON.parse(
      await readFile(join(installation().dataDir, 'odd-again.geojson'), 'utf8'),
    ) as object
    expect(geojson).toEqual({ type: 'FeatureCollection', features: before })
  })
})

describe('a misused mapgate import', () => {
  it('says what is missing', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const path = join(on.dataDir, 'data.txt')
    await writeFile(path, lines([point(1, {})]))
    const refusals = [
      [`import ${path} --customer lund`, 2, '--collection'],
      [`import ${path} --collection a/b --customer lund`, 2, 'It must have 1 to 63'],
      [`import ${path} --collection a --customer lund`, 2, 'give --format'],
      [
        `import ${path} --collection a --customer lund --format ndjson --type unit`,
        2,
        '--type is for',
      ],
      [`import ${path} --collection a --format ndjson`, 2, '--customer says whose'],
      [`import ${path} --collection a --customer nobody --format ndjson`, 1, 'no customer'],
      [`import ${on.dataDir} --collection a --customer lund --format ndjson`, 1, 'it is a folder'],
      [`import /dev/null --collection a --customer lund --format ndjson`, 1, 'no regular file'],
      [`import ${path}.gone --collection a --customer lund --format ndjson`, 1, 'cannot be read'],
      [`import ${path} --collection a --customer lund --format imdf`, 1, 'no zip archive'],
      [
        `import ${path} --collection a --customer lund --format ndjson --search x`,
        1,
        'no record has a property "x"',
      ],
    ] as const
    for (const [line, exitCode, message] of refusals) {
      expect(await on.error(line)).toMatchObject({
        exitCode,
        message: expect.stringContaining(message),
      })
    }
    expect(await on.json('collections list')).toMatchObject({ collections: [] })
  })

  it.runIf(process.platform === 'linux')('leaves no collection when it breaks', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    // A regular file, as the system tells, which cannot be read from its start.
    const broken = 'import /proc/self/mem --collection a --customer lund --format ndjson'
    expect(await on.error(broken)).toMatchObject({ message: expect.stringContaining('EIO') })
    expect(await on.json('collections list')).toMatchObject({ collections: [] })
  })

  it('tells people in lines what it did', async () => {
    await using on = await createInstallation()
    await on.json('customers create Lund --id lund')
    const path = join(on.dataDir, 'a.ndjson')
    await writeFile(path, `${lines([point(1, {})])}nonsense\n`)
    const { code, stdout, stderr } = await on.run(`import ${path} --collection a --customer lund`)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Imported 1 feature into the new collection a; 1 record left out.\n',
    })
    expect(stderr).toMatch(/line 2, record 2: is not JSON/)
  })
})
