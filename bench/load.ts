import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ResponseReader } from './http-response.ts'
import { cpuMilliseconds } from './process-figures.ts'

/**
 * The load generator: keep-alive connections over raw sockets, each with one request under way, the
 * requests built beforehand. It does as little as it can, so that the server is what is measured;
 * `busy` tells whether it was. It runs in a process of its own (`load-process.ts`).
 */
export interface Load {
  /** A port on 127.0.0.1. */
  port: number
  /** Whole HTTP/1.1 requests; each time one is drawn uniformly. */
  requests: string[]
  connections: number
  /** Load before the counting begins, so that what the server writes behind is under way. */
  leadInMilliseconds: number
  /** How long it counts after that. */
  milliseconds: number
  /** Of the draw: the same seed draws the same requests. */
  seed: number
  /** The server's process, to see how busy it is. */
  pid?: number
}

export interface LoadResult {
  /** Requests answered with 2xx per second. */
  perSecond: number
  completed: number
  /** Other answers, and connections that broke. */
  failed: number
  firstFailure: string | null
  /** The part of one core that the server used, 0 to 1; null where that is not known. */
  busy: number | null
}

/** Answers that are still due at the end are waited for this long. */
const DRAIN_MILLISECONDS = 5_000

/** Loads the server, counts for `milliseconds`, waits for what is under way and closes. Never throws. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const draw = createDraw(load.seed, load.requests.length)
  const result: LoadResult = {
    perSecond: 0,
    completed: 0,
    failed: 0,
    firstFailure: null,
    busy: null,
  }
  let running = true
  let counting = false
  const fail = (reason: string): void => {
    result.failed++
    result.firstFailure ??= reason
  }
  const calls: Calls = {
    next: () => (running ? load.requests[draw()]! : null),
    answered(status) {
      if (status < 200 || status > 299) fail(`status ${status}`)
      else if (counting) result.completed++
    },
    fail,
  }

  const isOver = stayAwake()
  const cpu = () => (load.pid === undefined ? null : cpuMilliseconds(load.pid))
  const connections = Array.from({ length: load.connections }, () => open(load.port, calls))
  const closed = Promise.all(connections.map((connection) => connection.closed))
  await Promise.race([sleep(load.leadInMilliseconds), closed])
  counting = true
  const cpuBefore = cpu()
  const startedAt = performance.now()
  await Promise.race([sleep(load.milliseconds), closed])
  counting = false
  running = false
  const elapsed = performance.now() - startedAt
  const cpuAfter = cpu()

  const drained = await Promise.race([closed, sleep(DRAIN_MILLISECONDS, null)])
  if (drained === null) fail(`answers did not come within ${DRAIN_MILLISECONDS} ms`)
  for (const connection of connections) connection.destroy()
  isOver()
  result.perSecond = (result.completed * 1_000) / elapsed
  if (cpuBefore !== null && cpuAfter !== null) result.busy = (cpuAfter - cpuBefore) / elapsed
  return result
}

/**
 * Keeps this process from sleeping between answers: waking it is work of the kernel that counts as the
 * server's, and only with servers that are slow enough for it to fall asleep.
 * @returns ends it
 */
function stayAwake(): () => void {
  let isOver = false
  const turn = (): void => {
    if (!isOver) setImmediate(turn)
  }
  turn()
  return () => (isOver = true)
}

interface Calls {
  /** The next request; null: none, close. */
  next(): string | null
  answered(status: number): void
  fail(reason: string): void
}

/** One connection that sends its next request when the last one is answered. */
function open(port: number, calls: Calls): { closed: Promise<void>; destroy(): void } {
  const reader = new ResponseReader()
  let expected = false
  const socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: { buffer: Buffer.allocUnsafe(65_536), callback: onBytes },
  })
  const send = (): void => {
    const request = calls.next()
    expected = request !== null
    if (request === null) socket.end()
    else socket.write(request, 'latin1')
  }

  function onBytes(size: number, buffer: Uint8Array): boolean {
    try {
      const status = reader.read((buffer as Buffer).subarray(0, size))
      if (status === null) return true
      calls.answered(status)
      send()
    } catch (error) {
      socket.destroy(error as Error)
    }
    return true
  }

  const closed = new Promise<void>((resolve) => {
    socket.on('connect', send)
    socket.on('error', (error) => {
      expected = false
      calls.fail(error.message)
    })
    socket.on('close', () => {
      if (expected) calls.fail('the connection closed before the answer')
      resolve()
    })
  })
  return { closed, destroy: () => socket.destroy() }
}

/** Uniform integers below `count`, the same for the same seed (mulberry32). */
export function createDraw(seed: number, count: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * count)
  }
}
