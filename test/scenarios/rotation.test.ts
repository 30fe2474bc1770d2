import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { logIn } from '../support/api.ts'
import { startInstallation } from '../support/installation.ts'

const SCRIPT = fileURLToPath(new URL('../../examples/rotating-script.js', import.meta.url))
const COPIES = 20

describe.each(['sqlite', 'postgres'] as const)('copies of a rotating script (%s)', (kind) => {
  it('share one credentials file, and none ends locked out', async () => {
    await using installation = await startInstallation(kind)
    const { server, clientId, secret } = installation
    const file = join(server.dataDir, 'credentials.json')
    await writeFile(
      file,
      JSON.stringify({ base_url: server.url, client_id: clientId, client_secret: secret }),
    )
    for (let round = 0; round < 2; round++) {
      const ends = await Promise.all(Array.from({ length: COPIES }, () => run(file)))
      expect(ends.filter((end) => end.code !== 0).map((end) => end.output)).toEqual([])
      const { client_secret } = JSON.parse(await readFile(file, 'utf8'))
      expect((await logIn(server.url, clientId, client_secret)).status).toBe(200)
      expect((await logIn(server.url, clientId, secret)).status).toBe(401)
    }
  })
})

function run(file: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [SCRIPT, file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (text) => (output += text))
  child.stderr.on('data', (text) => (output += text))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}
