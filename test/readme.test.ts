import { spawn } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bearer, createClient, getToken } from './conformance/requests.ts'
import { mapgate, startSampleServer, temporaryFolder } from './support/server.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface Step {
  command: string
  expected: string[]
}

/** The commands of the `console` blocks, and what stands below each. */
function readSteps(markdown: string): Step[] {
  const steps: Step[] = []
  for (const [, block] of markdown.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const line of block!.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [] })
      else steps.at(-1)!.expected.push(line)
    }
  }
  return steps
}

/** `…` stands for anything, also for nothing and for lines. */
function pattern(lines: string[]): RegExp {
  const text = lines.join('\n').trimEnd()
  const parts = text.split('…').map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('[^]*?')}$`)
}

const MARK = '--- end of step ---'

/** Runs all in one shell, as a reader would. @returns what each command printed */
function runAll(commands: string[], folder: string, environment: Record<string, string>) {
  const script = commands.map((command) => `${command}\necho; echo '${MARK}'`).join('\n')
  const shell = spawn('bash', ['-s'], { cwd: folder, env: environment })
  let output = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  shell.stdin.end(script)
  return new Promise<string[]>((resolve) => {
    shell.once('close', () =>
      resolve(output.split(MARK).map((text) => text.replaceAll('\r', '').trim())),
    )
  })
}

/** Documents with `console` blocks. */
it.each(['README.md', 'docs/authorization.md'])('%s shows what really comes', async (document) => {
  await using server = await startSampleServer()
  const folder = temporaryFolder()
  await symlink(server.dataDir, join(folder, 'data'))
  await symlink(join(ROOT, 'package.json'), join(folder, 'package.json'))
  await symlink(join(ROOT, 'bin'), join(folder, 'bin'))
  await symlink(join(ROOT, 'server'), join(folder, 'server'))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const here = (text: string) => text.replaceAll('http://localhost:8080', server.url)

  const steps = readSteps(readFileSync(join(ROOT, document), 'utf8'))
  expect(steps.length).toBeGreaterThan(5)
  const outputs = await runAll(
    steps.map((step) => here(step.command)),
    folder,
    { ...server.environment, HOME: folder },
  )
  for (const [index, step] of steps.entries()) {
    expect(outputs[index], step.command).toMatch(pattern(step.expected.map(here)))
  }
})

/** The command lines of the `sh` blocks of a document, without the program's name. */
function readCommands(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block]) =>
    [...block!.matchAll(/^(?:npm run mapgate -- |mapgate )(.*)$/gm)].map(([, command]) => command!),
  )
}

/** The first table after a text: the pieces of code in each row's first cell, and its second. */
function readTable(markdown: string, text: string): [code: string[], second: string][] {
  const [table] = /^\|.*\n(?:\|.*\n)+/m.exec(markdown.slice(markdown.indexOf(text)))!
  const [, , ...rows] = table.trimEnd().split('\n')
  return rows.map((row) => {
    const [, first, second] = row.split('|')
    return [[...first!.matchAll(/`([^`]+)`/g)].map(([, code]) => code!), second!.trim()]
  })
}

/** The one that Stadsparken is in. */
const TILE: Record<string, string> = { z: '14', x: '8792', y: '5126', col: '8792', row: '5126' }

/** The requests of docs/data.md, after its commands brought the data in. */
async function tryRequests(server: Awaited<ReturnType<typeof startSampleServer>>) {
  const page = readFileSync(join(ROOT, 'docs/data.md'), 'utf8')
  const statusOf = async (path: string, token: string) =>
    (await fetch(server.url + path, { headers: bearer(token) })).status

  const token = await getToken(server, await createClient(server))
  const paths = readTable(page, '\n## Read\n').flatMap(([code]) => code)
  expect(paths.length).toBeGreaterThan(10)
  for (const path of paths) {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => TILE[name]!)
    expect(await statusOf(`/maps/${filled}`, token), path).toBe(200)
  }

  const { citygov_client_id: clientId, citygov_client_secret: secret } = server.sample
  const cityToken = await getToken(server, { clientId, secret })
  for (const [[path], answer] of readTable(page, '| request of CityGov')) {
    const status = Number(/^\d{3}/.exec(answer)?.[0] ?? 200)
    expect(await statusOf(path!, cityToken), path).toBe(status)
  }
}

// Some dozens, each a process of its own.
it('the commands of the documents work', { timeout: 240_000 }, async () => {
  await using server = await startSampleServer()
  const files = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  const commands = files
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => readCommands(readFileSync(join(ROOT, name), 'utf8')))
  expect(commands.length).toBeGreaterThan(4)
  const { client_id, client_secret } = server.sample
  for (const command of commands) {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, plain]) => quoted ?? plain!,
    )
    const values: Record<string, string> = {
      ID: client_id,
      CLIENT_ID: client_id,
      SECRET_ID: client_secret.split('_')[1]!,
    }
    await mapgate(server, ...words.map((word) => values[word] ?? word))
  }
  await tryRequests(server)
})
