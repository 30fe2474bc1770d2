import { lookup as systemLookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { checkedAddresses, type Resolve, refusedUrl } from './checked-addresses.ts'
import { readAnswer } from './read-answer.ts'

/**
 * Requests to URLs that strangers named: key sets, metadata documents, identity providers. Such a URL
 * must not reach what only this server can reach (RFC 7591 §5, RFC 9700 §4.11): https, no redirects,
 * every address of the host public, and the connection goes to exactly the addresses that were
 * checked, so that a second look-up cannot answer otherwise. Time, size and number are bounded.
 *
 * `checked-addresses.ts` judges where a URL leads, `public-address.ts` an address, `read-answer.ts`
 * takes the answer in. Who fetches what, and for how long it is kept, is with the callers.
 */
export interface Outbound {
  /** A GET. Never throws: that a stranger's server does not answer is nothing unexpected. */
  fetchGuarded(url: string, options: FetchGuardedOptions): Promise<FetchGuardedOutcome>
  /**
   * The same guard in the form of the platform's `fetch`, for libraries that take one.
   * @throws OutboundError
   */
  fetch(url: string | URL, init?: OutboundInit): Promise<Response>
  /** Whether the configuration lets this host be internal, and plain http. */
  isAllowedHost(url: URL): boolean
}

export interface FetchGuardedOptions {
  maxBytes: number
  /** For all of it: the look-up, the connection, the answer. */
  timeoutMs: number
  /** Media types, lower-case, without parameters. */
  accept: readonly string[]
}

/** `reason` is for logs and for whoever registered the URL: it tells nothing of this network. */
export type FetchGuardedOutcome =
  | { kind: 'fetched'; text: string; headers: Headers }
  | { kind: 'failed'; reason: string }

export interface OutboundInit {
  method?: string
  headers?: ConstructorParameters<typeof Headers>[0]
  body?: string | URLSearchParams | null
  signal?: AbortSignal | null
}

/** The request was not made, or not answered within the bounds. */
export class OutboundError extends Error {
  override name = 'OutboundError'
}

/** Requests under way at once; strangers cause them. */
const MAXIMUM_CONCURRENT = 64

const FETCH_MAXIMUM_BYTES = 512 * 1_024
const FETCH_TIMEOUT_MS = 10_000

export function createOutbound(options: {
  /** `host` or `host:port` that may be internal, and plain http: for development and tests. */
  allowedHosts: readonly string[]
  resolve?: Resolve
}): Outbound {
  const allowed = new Set(options.allowedHosts.map((host) => host.toLowerCase()))
  const resolve = options.resolve ?? ((host) => systemLookup(host, { all: true }))
  let underWay = 0

  const isAllowedHost = ({ host, hostname }: URL) => allowed.has(host) || allowed.has(hostname)

  /** @throws OutboundError */
  async function send(
    url: URL,
    { method = 'GET', headers, body }: OutboundInit,
    bounds: { maxBytes: number; signal: AbortSignal },
  ): Promise<{ status: number; headers: Headers; body: Buffer }> {
    const internal = isAllowedHost(url)
    const refused = refusedUrl(url, internal)
    if (refused) throw new OutboundError(refused)
    if (underWay >= MAXIMUM_CONCURRENT) throw new OutboundError('too many requests are under way')
    underWay++
    try {
      const addresses = await abortable(checkedAddresses(url, resolve, internal), bounds.signal)
      if (typeof addresses === 'string') throw new OutboundError(addresses)
      const pinned: LookupFunction = (_host, { all }, done) =>
        all ? done(null, addresses) : done(null, addresses[0]!.address, addresses[0]!.family)
      const start = url.protocol === 'https:' ? httpsRequest : httpRequest
      const content = body === null || body === undefined ? null : String(body)
      const sent = new Headers(headers)
      sent.set('accept-encoding', 'identity')
      sent.set('user-agent', 'mapgate')
      if (body instanceof URLSearchParams && !sent.has('content-type')) {
        sent.set('content-type', 'application/x-www-form-urlencoded')
      }
      if (content !== null) sent.set('content-length', String(Buffer.byteLength(content)))
      const request = start(url, {
        method,
        headers: Object.fromEntries(sent),
        lookup: pinned,
        // No connection is kept: the next request is checked anew.
        agent: false,
        signal: bounds.signal,
        maxHeaderSize: 16_384,
        ...(isName(url) && { servername: url.hostname }),
      })
      request.end(content ?? undefined)
      return await readAnswer(request, bounds.maxBytes)
    } catch (error) {
      if (error instanceof OutboundError) throw error
      throw new OutboundError(reasonOf(error, bounds.signal), { cause: error })
    } finally {
      underWay--
    }
  }

  return {
    isAllowedHost,

    async fetchGuarded(text, { maxBytes, timeoutMs, accept }) {
      if (!URL.canParse(text)) return { kind: 'failed', reason: 'it is not a URL' }
      const bounds = { maxBytes, signal: AbortSignal.timeout(timeoutMs) }
      try {
        const init = { headers: { accept: accept.join(', ') } }
        const { status, headers, body } = await send(new URL(text), init, bounds)
        // Redirects too: where they lead would have to be judged anew, and nobody needs them.
        if (status !== 200) return { kind: 'failed', reason: `it answered ${status}` }
        const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
        if (!accept.includes(type)) {
          return { kind: 'failed', reason: `its content type is not ${accept.join(' or ')}` }
        }
        return { kind: 'fetched', text: UTF8.decode(body), headers }
      } catch (error) {
        if (error instanceof OutboundError) return { kind: 'failed', reason: error.message }
        if (error instanceof TypeError) return { kind: 'failed', reason: 'it is not UTF-8' }
        throw error
      }
    },

    async fetch(url, init = {}) {
      const timeout = AbortSignal.timeout(FETCH_TIMEOUT_MS)
      const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
      const answer = await send(new URL(url), init, { maxBytes: FETCH_MAXIMUM_BYTES, signal })
      const { status, headers, body } = answer
      if (status < 200 || status > 599) throw new OutboundError(`it answered ${status}`)
      const withoutBody = status === 204 || status === 205 || status === 304
      return new Response(withoutBody ? null : new Uint8Array(body), { status, headers })
    },
  }
}

/** RFC 6066 §3: no address is sent as a server name. */
const isName = ({ hostname }: URL) => isIP(hostname) === 0 && !hostname.startsWith('[')

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** The system's look-up cannot be ended: whoever waits for it stops waiting. */
function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(new OutboundError('it took too long'))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([promise, aborted]).finally(() =>
    signal.removeEventListener('abort', onAbort),
  )
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'it took too long'
  if (error instanceof RangeError) return error.message
  // Which port refused and which dropped would be a map of the network.
  return 'it could not be reached'
}
