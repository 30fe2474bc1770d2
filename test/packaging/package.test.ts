import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../support/server.ts'

/** What `npm pack` yields, installed and run as a user would. */
const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'mapgate-package-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// What npm tells the scripts of this checkout is not for the other folder; whom this machine trusts is.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(?!config_(cache|registry|cafile))|INIT_CWD|NODE_(?!EXTRA_CA_CERTS))/i.test(name),
  ),
)
const pinnedFirst = {
  ...environment,
  PATH: [join(root, 'node_modules/.bin'), environment.PATH].join(delimiter),
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, {
    cwd,
    env: pinnedFirst,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
  })
}

describe('the package', () => {
  let packed: string[]

  beforeAll(() => {
    const output = npm(
      root,
      'pack',
      '--json',
      '--foreground-scripts=false',
      '--pack-destination',
      folder,
    )
    const [{ filename, files }] = JSON.parse(output.slice(output.indexOf('['))) as [
      { filename: string; files: { path: string }[] },
    ]
    packed = files.map(({ path }) => path)
    npm(
      folder,
      'install',
      join(folder, filename),
      '--omit=dev',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
    )
  }, 300_000)

  it('holds the compiled server and no sources, tests or data', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['bin/mapgate.js', 'dist/main.js', 'LICENSE', 'package.json']),
    )
    const expected =
      /^(bin\/mapgate\.js|dist\/[\w./-]+\.js(\.map)?|docs\/configuration\.md|LICENSE|README\.md|package\.json)$/
    expect(packed.filter((path) => !expected.test(path) || path.includes('.test.'))).toEqual([])
  })

  it('imports no TypeScript, for Node strips no types under node_modules', () => {
    const dist = join(folder, 'node_modules/mapgate/dist')
    const scripts = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    )
    expect(scripts.length).toBeGreaterThan(50)
    const faulty = scripts.filter((name) => /\.ts['"]/.test(readFileSync(join(dist, name), 'utf8')))
    expect(faulty).toEqual([])
  })

  it('serves, knows its version, and stops at SIGTERM with exit code 0', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string
    }
    const npx = (...args: string[]) => ['--no-install', 'mapgate', ...args]
    const told = execFileSync('npx', npx('--version'), {
      cwd: folder,
      env: pinnedFirst,
      encoding: 'utf8',
    })
    expect(told.trim()).toBe(version)

    const port = await freePort()
    const env = { ...pinnedFirst, PORT: String(port), MAPGATE_DATA_DIR: join(folder, 'data') }
    const server = spawn('npx', npx('serve', '--sample'), {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (log += text))
    }
    const exited = new Promise<number | null>((done) => server.once('exit', done))
    try {
      const url = `http://localhost:${port}`
      while (!(await fetch(`${url}/ready`).catch(() => null))?.ok) {
        if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}:\n${log}`)
        await sleep(100)
      }
      const jwks = (await (await fetch(`${url}/jwks`)).json()) as { keys: { kty: string }[] }
      expect(jwks.keys.map(({ kty }) => kty)).toContain('EC')
      // npx stands between; the log tells the server's own process.
      process.kill(Number(/"pid":(\d+)/.exec(log)?.[1]), 'SIGTERM')
      expect(await exited, log).toBe(0)
    } finally {
      server.kill('SIGKILL')
    }
  }, 180_000)
})

it('says which Node it needs when it is started with an older one', ({ skip }) => {
  const old = oldNode()
  if (!old) skip('no Node below 24 is installed on this machine')
  const run = () =>
    execFileSync(old!, [join(root, 'bin/mapgate.js'), 'serve'], {
      env: environment,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  expect(run).toThrow(/Mapgate needs Node 24 or newer; this is v\d+/)
})

function oldNode(): string | null {
  const folders = ['/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(delimiter)]
  for (const place of folders.filter((path) => !path.includes('node_modules'))) {
    try {
      const node = realpathSync(join(place, 'node'))
      const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
      if (Number(/^v(\d+)/.exec(version)?.[1]) < 24) return node
    } catch {
      // There is none.
    }
  }
  return null
}
