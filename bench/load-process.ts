import { readFileSync } from 'node:fs'
import { type Load, runLoad } from './load.ts'

/**
 * The load generator's process: runs what its parent asks for over IPC, one load after the other,
 * and ends with its parent. Requests of one target are built once and kept.
 */
export type LoadOrder = Omit<Load, 'requests'> & { target: string } & RequestSource

export interface RequestSource {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  /** A file with one body per line; null: requests without a body. */
  bodiesFile: string | null
}

const built = new Map<string, string[]>()

process.on('message', (order: LoadOrder) => {
  let requests = built.get(order.target)
  if (!requests) {
    requests = buildRequests(order, order.port)
    built.set(order.target, requests)
  }
  void runLoad({ ...order, requests }).then((result) => process.send!(result))
})

function buildRequests(
  { method, path, headers, bodiesFile }: RequestSource,
  port: number,
): string[] {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${fields.join('')}`
  if (bodiesFile === null) return [`${head}\r\n`]
  const bodies = readFileSync(bodiesFile, 'latin1').trimEnd().split('\n')
  return bodies.map((body) => `${head}content-length: ${body.length}\r\n\r\n${body}`)
}
