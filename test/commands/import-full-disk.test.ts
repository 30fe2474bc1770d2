import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/server.ts'
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts'
import { installationOf } from './command-line.ts'

const line = (id: number) =>
  `{"type":"Feature","id":${id},"geometry":{"type":"Point","coordinates":[1,2]},"properties":{"name":"${'x'.repeat(500)}"}}\n`
const lines = (count: number) => Array.from({ length: count }, (_, id) => line(id)).join('')

it(
  'tells of a full disk in words, keeps the old data, and goes on when there is room',
  { timeout: 180_000 },
  async ({ skip }) => {
    const parent = temporaryFolder()
    const dataDir = join(parent, 'disk')
    await mkdir(dataDir)
    try {
      const mounted = mountSmallDisk(dataDir, '14m')
      if (typeof mounted === 'string') skip(mounted)
      using disk = mounted as SmallDisk
      const on = installationOf({ PATH: process.env.PATH!, MAPGATE_DATA_DIR: dataDir })
      const [small, large] = [join(parent, 'small.ndjson'), join(parent, 'large.ndjson')]
      await writeFile(small, lines(100))
      await writeFile(large, lines(30_000))
      await on.json('customers create Lund --id lund')
      await on.json(`import ${small} --collection parks --customer lund`)
      for (let attempt = 1; attempt <= 2; attempt++) {
        const { code, stderr } = await on.run(`import ${large} --collection parks`)
        expect(code).toBe(1)
        expect(stderr).toContain(
          'The import into parks failed: the disk is full. Its data is as it was.',
        )
        expect(stderr).not.toMatch(/\n\s+at |SuppressedError/)
      }
      const { stdout } = await on.run('export --collection parks --format ndjson')
      expect(stdout.trimEnd().split('\n')).toHaveLength(100)
      disk.grow('1g')
      expect(await on.json(`import ${large} --collection parks`)).toMatchObject({
        imports: [{ features: 30_000 }],
      })
    } finally {
      await rm(parent, { recursive: true, force: true })
    }
  },
)
