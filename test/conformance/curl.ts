import { spawn } from 'node:child_process'

/** What curl printed, as the scenarios of the documents use it. */
export async function curl(...args: string[]): Promise<{ status: number; body: string }> {
  const output = await run('curl', [
    '--silent',
    '--show-error',
    '--write-out',
    '\n%{http_code}',
    ...args,
  ])
  const end = output.lastIndexOf('\n')
  return { status: Number(output.slice(end + 1)), body: output.slice(0, end) }
}

/** @returns its standard output @throws Error when it fails, with what it said */
export async function run(program: string, args: string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const code = await new Promise((resolve, reject) =>
    child.once('close', resolve).once('error', reject),
  )
  if (code !== 0) throw new Error(`${program} ended with code ${String(code)}: ${errors}`)
  return output
}
