import { spawn } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
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
})
