import { readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { demoClient, getToken } from '../conformance/requests.ts'
import { startSampleServer, temporaryFolder } from '../support/server.ts'
import { PYTHON, runProgram } from './programs.ts'

/** What `docs/clients.md` says to run, to the letter, and within the limits that a client has by itself. */

const PAGE = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8')

const folder = temporaryFolder()
let server: Awaited<ReturnType<typeof startSampleServer>>
let token: string

beforeAll(async () => {
  server = await startSampleServer()
  token = await getToken(server, demoClient(server))
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** The first block of code below a heading. */
function blockOf(heading: string): string {
  const [, section] = PAGE.split(`\n## ${heading}\n`)
  const [, block] = /^```\w+\n(.*?)^```$/ms.exec(section!)!
  return block!.replaceAll('SERVER', server.url).replaceAll('TOKEN', token)
}

/** @returns what it printed; warnings and errors must be none */
async function run(program: string, args: string[]): Promise<string> {
  const ended = await runProgram(program, args, { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' })
  expect({ ...ended, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' })
  return ended.stdout
}

it('the lines for GDAL list, copy, and read tiles', async () => {
  const script = `set -e; cd '${folder}'\n${blockOf('GDAL')}\nogrinfo -so places.gpkg places`
  const output = await run('bash', ['-c', script])
  expect(output).toMatch(/^3: places \(title: Places\) \(Point\)$/m)
  const [tiles, copy] = [...output.matchAll(/^Feature Count: (\d+)$/gm)].map(([, n]) => Number(n))
  // Tiles of that zoom leave points out, and all of them are of the whole world.
  expect(tiles).toBeGreaterThan(100_000)
  const url = `${server.url}/maps/collections/places/items?bbox=-90,42,-89,44&limit=1`
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  expect(copy).toBe(((await response.json()) as { numberMatched: number }).numberMatched)
})

it('the lines for OWSLib read a page', async () => {
  const script = `${blockOf('OWSLib')}\nprint([each["properties"]["name"] for each in page["features"]])`
  expect(await run(PYTHON, ['-c', script])).toContain("'Madison'")
})
