import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { readCsv } from './csv.ts'
import { formatOfMediaType, formatOfName } from './formats.ts'
import { readGeoJson } from './geojson.ts'
import { openImdf } from './imdf.ts'
import { readNdjson } from './ndjson.ts'
import { type Reading, UnreadableError } from './reading.ts'
import { openZip } from './zip.ts'

async function all(readings: AsyncIterable<Reading>): Promise<Reading[]> {
  const list: Reading[] = []
  for await (const reading of readings) list.push(reading)
  return list
}

/** In pieces of so many bytes, so that every character and bracket is split once. */
async function* pieces(text: string | Buffer, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text as string)
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

const feature = (id: number, properties: object = {}) => ({
  type: 'Feature',
  id,
  geometry: { type: 'Point', coordinates: [id, 50] },
  properties,
})
const ids = (readings: Reading[]) =>
  readings.map((each) => ('fault' in each ? `${each.line}: ${each.fault}` : each.value.id))

const geojson = (text: string | Buffer, size?: number) => all(readGeoJson(pieces(text, size)))

describe('GeoJSON', () => {
  it('reads features whatever stands before, between and behind them', async () => {
    const tricky = { name: 'a "quoted" \\ { [ , ] } ☃ 𝔘', nested: { list: [1, [2, {}]] } }
    const text = `\ufeff{"name": {"features": [1]}, "type": "FeatureCollection",\n "features": [\n${JSON.stringify(feature(1, tricky))} ,\n\n ${JSON.stringify(feature(2), null, 1)}], "bbox": [1, 2]}\n`
    for (let size = 1; size < 40; size++) {
      const readings = await geojson(text, size)
      expect(readings.map((each) => each.line)).toEqual([3, 5])
      expect(readings[0]).toMatchObject({ value: { id: 1, properties: tricky } })
      expect(readings[1]).toMatchObject({ value: { id: 2, properties: {} } })
    }
  })

  it('reads one feature, and an empty collection', async () => {
    expect(ids(await geojson(JSON.stringify(feature(7))))).toEqual([7])
    expect(await geojson('{"type":"FeatureCollection","features":[ ]}')).toEqual([])
  })

  it('goes on behind a feature that is no JSON', async () => {
    const bad =
      '{"type":"FeatureCollection","features":[\n{"type":"Feature","id":tru},\n{"type":"Point"},\n5,'
    const readings = await geojson(`${bad}${JSON.stringify(feature(9))}]}`)
    expect(ids(readings)).toEqual([
      expect.stringMatching(/^2: is not JSON/),
      '3: is no GeoJSON feature but a "Point"',
      '4: is no GeoJSON feature',
      9,
    ])
  })

  it.each([
    ['', 1, /is empty/],
    ['[1]', 1, /is an array/],
    ['hello', 1, /is not JSON/],
    ['{"type":"Topology"}', 1, /is a "Topology"/],
    ['{"type":"Topology","features":[]}', 1, /is a "Topology"/],
    ['{"features":[]}', 1, /has no "type"/],
    ['{"type":"FeatureCollection"}', 1, /no array "features"/],
    ['{"type":"FeatureCollection",\n"features":[{"a":[1,2}]}', 2, /a } where a ] is missing/],
    ['{"type":"FeatureCollection",\n"features":[{"a":"no end\n"}]}', 2, /a string has no end/],
    ['{"type":"FeatureCollection",\n"features":[{}\n', 3, /ends in the middle/],
    ['{"type":"FeatureCollection","features":[]}\n{}', 2, /the format ndjson/],
    [
      '{"crs":{"properties":{"name":"urn:ogc:def:crs:EPSG::3857"}},"type":"FeatureCollection","features":[]}',
      1,
      /^crs/,
    ],
    ['\xff\xfe', 1, /is not JSON/],
  ])('refuses %j', async (text, line, reason) => {
    const error = await geojson(text).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnreadableError)
    expect(error).toMatchObject({ line, message: expect.stringMatching(reason) })
  })

  it('takes the reference system that GDAL writes', async () => {
    const crs = '{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}'
    expect(await geojson(`{"type":"FeatureCollection","crs":${crs},"features":[]}`)).toEqual([])
  })

  it('keeps nothing of a feature that is too large or too deep, and goes on', async () => {
    async function* text() {
      yield Buffer.from('{"type":"FeatureCollection","features":[')
      yield Buffer.from('{"a":"')
      for (let sent = 0; sent < 17; sent++) yield Buffer.alloc(1_048_576, 'x')
      yield Buffer.from('"},')
      for (let sent = 0; sent < 20; sent++) yield Buffer.alloc(65_536, '[')
      for (let sent = 0; sent < 20; sent++) yield Buffer.alloc(65_536, ']')
      yield Buffer.from(`,${JSON.stringify(feature(3))}]}`)
    }
    expect(ids(await all(readGeoJson(text())))).toEqual([
      '1: is larger than 16 MiB',
      '1: is nested deeper than 100 levels',
      3,
    ])
  })

  it('says what is not UTF-8', async () => {
    const text = Buffer.from(
      `{"type":"FeatureCollection","features":[${JSON.stringify(feature(1, { name: 'Køge' }))}]}`,
      'latin1',
    )
    expect(ids(await geojson(text))).toEqual(['1: is not UTF-8'])
  })
})

describe('newline-delimited GeoJSON', () => {
  const ndjson = (text: string) => all(readNdjson(pieces(text)))

  it('refuses a file without a line, and one in UTF-16', async () => {
    await expect(ndjson('')).rejects.toThrow('is empty')
    await expect(ndjson('\n \n')).rejects.toThrow('is empty')
    const utf16 = Buffer.from(`\ufeff${JSON.stringify(feature(1))}\n`, 'utf16le')
    await expect(all(readNdjson(pieces(utf16)))).rejects.toMatchObject({
      line: 1,
      message: 'is UTF-16; it must be UTF-8',
    })
  })

  it('reads lines, and records behind their separators (RFC 8142)', async () => {
    const [one, two] = [JSON.stringify(feature(1)), JSON.stringify(feature(2))]
    expect(ids(await ndjson(`\ufeff${one}\r\n\r\n${two}`))).toEqual([1, 2])
    expect(ids(await ndjson(`\x1e${one}\n\x1e${two}\n`))).toEqual([1, 2])
  })

  it('has one fault for one bad line', async () => {
    const readings = await ndjson(
      `${JSON.stringify(feature(1))}\n{"type":"Feature\nnull\n${'['.repeat(5_000)}\n${JSON.stringify(feature(2))}\n`,
    )
    expect(ids(readings)).toEqual([
      1,
      expect.stringMatching(/^2: is not JSON/),
      '3: is no GeoJSON feature',
      '4: is nested deeper than 100 levels',
      2,
    ])
  })

  it('skips a line that is too long', async () => {
    async function* text() {
      for (let sent = 0; sent < 40; sent++) yield Buffer.alloc(1_048_576, 'x')
      yield Buffer.from(`\n${JSON.stringify(feature(2))}`)
    }
    expect(ids(await all(readNdjson(text())))).toEqual(['1: is larger than 16 MiB', 2])
  })
})

describe('CSV', () => {
  const csv = (text: string | Buffer, options = {}) => all(readCsv(pieces(text), options))

  it('takes the place from usual columns, and of each value the narrowest type', async () => {
    const text =
      '\ufeffid;name;Lat;Lng;size;open;code;half\na;"Å; ""x""\n2";55.5;12;3;true;007;1\nb;;-1;2;;;8;2.5\n'
    expect(await csv(text)).toEqual([
      {
        line: 3,
        bytes: expect.any(Number),
        value: {
          id: 'a',
          geometry: { type: 'Point', coordinates: [12, 55.5] },
          properties: { name: 'Å; "x"\n2', size: 3, open: true, code: '007', half: 1 },
        },
      },
      {
        line: 4,
        bytes: expect.any(Number),
        value: {
          id: 'b',
          geometry: { type: 'Point', coordinates: [2, -1] },
          properties: { name: null, size: null, open: null, code: 8, half: 2.5 },
        },
      },
    ])
  })

  it('has a fault for a value that does not fit, and for missing columns', async () => {
    const types = new Map([['size', 'integer']])
    expect(
      await csv('size,x,y\n3,1,2\nmany,1,2\n1,2\n1,one,2\n1,0x10,2\n4,1,2\n', { types }),
    ).toMatchObject([
      { line: 2, value: { properties: { size: 3 } } },
      { line: 3, fault: 'size: "many" is no integer' },
      { line: 4, fault: 'has 2 columns, the header 3' },
      { line: 5, fault: 'x: "one" is no number' },
      { line: 6, fault: 'x: "0x10" is no number' },
      { line: 7, value: { properties: { size: 4 } } },
    ])
  })

  it('tells what is no CSV in its place among the records', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `${index},1,2`)
    rows[30] = 'a"b,1,2'
    const readings = await all(readCsv(pieces(`size,x,y\n${rows.join('\n')}\n`, 65_536)))
    expect(readings.map(({ line }) => line)).toEqual(rows.map((_, index) => index + 2))
    expect(readings[30]).toMatchObject({ line: 32, fault: expect.stringMatching(/^is not CSV/) })
  })

  it('prefers a geometry to columns that were not named', async () => {
    const line = '"{""type"":""LineString"",""coordinates"":[[0,0],[1,1]]}"'
    const text = `x,y,geometry\n1,2,${line}\n3,4,\n`
    expect(await csv(text)).toMatchObject([
      { value: { geometry: { type: 'LineString' }, properties: { x: 1, y: 2 } } },
      { value: { geometry: { coordinates: [3, 4] }, properties: { x: 3, y: 4 } } },
    ])
    expect(await csv(text, { longitude: 'x' })).toMatchObject([
      { value: { geometry: { coordinates: [1, 2] } } },
      { value: { geometry: { coordinates: [3, 4] } } },
    ])
  })

  it('takes lines that end with a delimiter, and the line that tells Excel which', async () => {
    expect(await csv('x,y,n,\n1,2,3,\n1,2,3\n1,2,3,4\n1,2,3,,\n')).toMatchObject([
      { line: 2, value: { properties: { n: 3 } } },
      { line: 3, value: { properties: { n: 3 } } },
      { line: 4, fault: 'has 4 columns, the header 4' },
      { line: 5, fault: 'has 5 columns, the header 4' },
    ])
    expect(await csv('sep=|\r\nx|y|n,m;o,p\r\n1|2|3\r\n')).toMatchObject([
      { line: 3, value: { properties: { 'n,m;o,p': 3 } } },
    ])
  })

  it('has columns of any name, and not any number of them', async () => {
    const [reading] = await csv('__proto__,constructor,x,y\n"{""a"":1}",b,1,2\n')
    const { properties } = (reading as { value: { properties: object } }).value
    expect(Object.entries(properties)).toEqual([
      ['__proto__', { a: 1 }],
      ['constructor', 'b'],
    ])
    const many = Array.from({ length: 10_001 }, (_, index) => `c${index}`)
    const read = all(readCsv(pieces(many.join(','), 65_536)))
    await expect(read).rejects.toThrow('10001 columns; at most 10000')
  })

  it('has types and columns from options, and geometries in a column', async () => {
    const types = new Map([['size', 'string']])
    expect(
      await csv('size|east|north\n1|2|3\n', {
        types,
        delimiter: '|',
        longitude: 'east',
        latitude: 'north',
      }),
    ).toMatchObject([{ value: { properties: { size: '1' }, geometry: { coordinates: [2, 3] } } }])
    expect(
      await csv('geometry\nPOINT (1 2)\n"{""type"":""Point"",""coordinates"":[3,4]}"\nline\n'),
    ).toMatchObject([
      { value: { geometry: { type: 'Point', coordinates: [1, 2] } } },
      { value: { geometry: { type: 'Point', coordinates: [3, 4] } } },
      { fault: 'geometry: is neither GeoJSON nor POINT (x y)' },
    ])
  })

  it.each([
    ['', /is empty/],
    ['a,b\n1,2\n', /has no columns for longitude/],
    ['x,y,x\n', /names "x" twice/],
    [',x,y\n1,2,3\n', /the header has no name for column 1/],
    [Buffer.from('x,y,name\n1,2,K\xf8ge\n', 'latin1'), /is not UTF-8/],
    [Buffer.from('\ufeffx,y\n1,2\n', 'utf16le'), /is UTF-16; it must be UTF-8/],
  ])('refuses %j', async (text, reason) => {
    await expect(csv(text)).rejects.toThrow(reason)
    await expect(csv(text)).rejects.toBeInstanceOf(UnreadableError)
  })

  it.each([1, 7, 65_536])(
    'tells the line that is not UTF-8, in pieces of %i bytes',
    async (size) => {
      const good = 'x,y,name\n1,2,"æøå\n東京𝔘"\n'.repeat(20)
      const text = Buffer.concat([Buffer.from(good), Buffer.from('1,2,K\xf8ge\n', 'latin1')])
      const more = Buffer.concat([text, Buffer.from(good)])
      await expect(all(readCsv(pieces(more, size)))).rejects.toMatchObject({
        line: 61,
        message: 'is not UTF-8',
      })
      const cut = Buffer.from(`${good}æ`).subarray(0, -1)
      await expect(all(readCsv(pieces(cut, size)))).rejects.toMatchObject({ line: 61 })
    },
  )

  it('cannot go on behind a quote without end', async () => {
    const text = 'x,y,name\n1,2,"a\nb"\n\n3,4,"c\n5,6,d\n7,8,e\n'
    await expect(csv(text)).rejects.toMatchObject({
      name: 'UnreadableError',
      line: 5,
      message: 'the record that begins here has a quote without end',
    })
    async function* endless() {
      yield Buffer.from('x,y,name\n1,2,n\n1,2,"\n\n')
      for (let sent = 0; sent < 40; sent++) yield Buffer.alloc(1_048_576, 'n')
    }
    await expect(all(readCsv(endless()))).rejects.toMatchObject({
      name: 'UnreadableError',
      line: 3,
      message: expect.stringMatching(/is larger than 16 MiB: a quote/),
    })
  })
})

describe('IMDF', () => {
  const collection = (features: object[]) =>
    Buffer.from(JSON.stringify({ type: 'FeatureCollection', features }))
  const imdfFeature = (id: string, geometry: object | null, properties: object) => ({
    type: 'Feature',
    id,
    geometry,
    properties,
  })
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
  const source = (files: Record<string, Uint8Array>) => {
    return archiveOf(Buffer.from(zipSync(files)))
  }
  const archiveOf = (bytes: Buffer) => ({
    size: bytes.length,
    open: (from = 0, to = bytes.length) => pieces(bytes.subarray(from, to), 1_000),
  })
  const manifest = Buffer.from('{"version":"1.0.0","language":"da"}')

  it('gives places and levels by what features refer to', async () => {
    const archive = await openImdf(
      source({
        'venue/manifest.json': manifest,
        'venue/occupant.geojson': collection([
          imdfFeature('o', null, { anchor_id: 'a', name: { en: 'Shop', da: 'Butik' } }),
          imdfFeature('lost', null, { anchor_id: 'nowhere' }),
        ]),
        'venue/anchor.geojson': collection([
          imdfFeature(
            'a',
            { type: 'Point', coordinates: [0.5, 0.4] },
            { unit_id: 'u', address_id: 'here' },
          ),
        ]),
        'venue/address.geojson': collection([imdfFeature('here', null, { locality: 'Lund' })]),
        'venue/unit.geojson': collection([imdfFeature('u', square, { level_id: 'l' })]),
        'venue/level.geojson': collection([imdfFeature('l', square, { ordinal: -1 })]),
      }),
    )
    expect(archive.types).toEqual(['level', 'unit', 'anchor', 'occupant', 'address'])
    expect(await all(archive.read('unit'))).toMatchObject([
      { value: { properties: { level: -1 } } },
    ])
    expect(await all(archive.read('occupant'))).toMatchObject([
      {
        value: {
          id: 'o',
          geometry: { type: 'Point', coordinates: [0.5, 0.4] },
          properties: { name: 'Butik', name_en: 'Shop', level: -1 },
        },
      },
      { fault: expect.stringMatching(/has no geometry/) },
    ])
    expect(await all(archive.read('address'))).toMatchObject([
      { value: { geometry: { coordinates: [0.5, 0.4] } } },
    ])
  })

  it('refuses what is no archive of version 1.0.0', async () => {
    const none = archiveOf(Buffer.from('no zip at all'))
    await expect(openImdf(none)).rejects.toThrow(/is no zip archive, or was cut off/)
    await expect(openImdf(source({ 'a.txt': manifest }))).rejects.toThrow(/has no manifest.json/)
    await expect(openImdf(source({ 'manifest.json': manifest }))).rejects.toThrow(/has no features/)
    const newer = source({ 'manifest.json': Buffer.from('{"version":"2.0.0"}') })
    await expect(openImdf(newer)).rejects.toThrow(/version "2.0.0" is not known/)
  })

  it('stops at a file that unpacks to more than allowed', async () => {
    const bomb = source({ 'manifest.json': new Uint8Array(10_000_000) })
    expect(bomb.size).toBeLessThan(20_000)
    await expect(openImdf(bomb)).rejects.toThrow(/more than 1048576 bytes/)
    const zip = await openZip(bomb)
    const read = async () => {
      for await (const bytes of zip.read('manifest.json', 50_000)) {
        if (bytes.length > 50_000) throw new Error('too late')
      }
    }
    await expect(read()).rejects.toThrow(/more than 50000 bytes/)
  })

  describe('that is damaged', () => {
    const units = collection(
      Array.from({ length: 200 }, (_, index) => imdfFeature(`u${index}`, square, {})),
    )
    const whole = Buffer.from(
      zipSync({ 'manifest.json': manifest, 'unit.geojson': units, 'photos.bin': units }),
    )
    const stored = Buffer.from(
      zipSync({ 'manifest.json': manifest, 'unit.geojson': units }, { level: 0 }),
    )
    /** With another number at a field of each header of the directory that names the file. */
    const changed = (field: number, value: number, name = 'unit.geojson') => {
      const bytes = Buffer.from(whole)
      bytes.writeUInt16LE(value, bytes.lastIndexOf(name) - 46 + field)
      return bytes
    }
    const opened = async (bytes: Buffer) => {
      const archive = await openImdf(archiveOf(bytes))
      return all(archive.read('unit'))
    }

    it('is read when it is whole, whatever else it holds', async () => {
      expect(await opened(whole)).toHaveLength(200)
      expect(await opened(stored)).toHaveLength(200)
      expect(await opened(changed(10, 93, 'photos.bin'))).toHaveLength(200)
      expect(
        await opened(Buffer.concat([whole.subarray(0, -2), Buffer.from([3, 0, 1, 2, 3])])),
      ).toHaveLength(200)
    })

    it('is cut off, changed or of an unknown kind', async () => {
      await expect(opened(whole.subarray(0, -10))).rejects.toThrow(/no directory at its end/)
      await expect(opened(whole.subarray(100))).rejects.toThrow(/is damaged/)
      const flipped = Buffer.from(stored)
      const at = flipped.indexOf('"u77"')
      flipped.write('"u78"', at)
      await expect(opened(flipped)).rejects.toThrow(/unit.geojson is not what was packed/)
      await expect(opened(changed(24, 7))).rejects.toThrow(/unit.geojson is not what was packed/)
      await expect(opened(changed(20, 7))).rejects.toThrow(/unit.geojson cannot be unpacked/)
      await expect(opened(changed(10, 9))).rejects.toThrow(/packed by method 9/)
      await expect(opened(changed(8, 1))).rejects.toThrow(/an encrypted unit.geojson/)
      await expect(opened(changed(42, 3))).rejects.toThrow(/is not where its directory says/)
      const renamed = Buffer.from(whole)
      renamed.write('unix', renamed.indexOf('unit.geojson'))
      await expect(opened(renamed)).rejects.toThrow(
        /where unit.geojson should be is "unix.geojson"/,
      )
    })

    it('has a file that is no GeoJSON, and names it', async () => {
      const bad = source({ 'manifest.json': manifest, 'unit.geojson': Buffer.from('[\n') })
      await expect(openImdf(bad)).rejects.toMatchObject({
        line: 1,
        message: expect.stringMatching(/^unit.geojson is an array/),
      })
    })

    it('has two files of a name', async () => {
      const twice = source({
        'a/manifest.json': manifest,
        'a/unit.geojson': units,
        'b/unit.geojson': units,
      })
      await expect(openImdf(twice)).rejects.toThrow(/two files unit.geojson: a\/unit.geojson and b/)
    })
  })

  it('keeps nothing of ids that are none, and of features without one', async () => {
    const long = 'x'.repeat(1_000)
    const archive = await openImdf(
      source({
        'manifest.json': manifest,
        'anchor.geojson': collection([
          { ...imdfFeature('', { type: 'Point', coordinates: [1, 2] }, {}), id: undefined },
          imdfFeature('a', { type: 'Point', coordinates: [1, 2] }, { address_id: long }),
        ]),
        'address.geojson': collection([
          { ...imdfFeature('', null, {}), id: undefined },
          imdfFeature(long, null, {}),
          imdfFeature('undefined', null, {}),
        ]),
      }),
    )
    const readings = await all(archive.read('address'))
    expect(readings.map((each) => 'fault' in each)).toEqual([true, true, true])
  })
})

it('recognises formats', () => {
  expect(formatOfName('/a/b.GeoJSON')).toBe('geojson')
  expect(formatOfName('b.geojsonl')).toBe('ndjson')
  expect(formatOfName('b.tsv')).toBe('csv')
  expect(formatOfName('venue.imdf.zip')).toBe('imdf')
  expect(formatOfName('geojson')).toBeNull()
  expect(formatOfMediaType('Text/CSV; charset=utf-8')).toBe('csv')
  expect(formatOfMediaType('text/plain')).toBeNull()
})
