import { spawn } from 'node:child_process'

/** Debian's, for which Debian packages Python modules; not whatever comes first in PATH. */
export const PYTHON = '/usr/bin/python3'

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a program of others to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH!, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended: Ended = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text))
  ended.code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return ended
}
