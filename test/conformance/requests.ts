import { connect } from 'node:net'
import { mapgate, type RunningServer, type Sample } from '../support/server.ts'

/**
 * What conformance tests send. They speak HTTP and the command line alone and import nothing of
 * `server/`, so that they stay true while it changes.
 */

export interface Credentials {
  clientId: string
  secret: string
}

type Server = Pick<RunningServer, 'url'>
type Fields = Record<string, string> | [string, string][]

/** The demo client of the sample data; it may read. */
export function demoClient({ sample }: { sample: Sample }): Credentials {
  return { clientId: sample.client_id, secret: sample.client_secret }
}

/**
 * Makes a client of the demo customer on the command line.
 * @param options of `mapgate clients create`; a later one wins
 */
export async function createClient(
  server: Pick<RunningServer, 'environment'>,
  ...options: string[]
): Promise<Credentials & { secretId: string }> {
  const created = await mapgate<{ id: string; secret: { id: string; text: string } }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Test', '--secret', 'first'],
    ...options,
  )
  return { clientId: created.id, secret: created.secret.text, secretId: created.secret.id }
}

/** `client_secret_basic` (RFC 6749 §2.3.1). */
export function basic({ clientId, secret }: Credentials): Record<string, string> {
  const encoded = [clientId, secret].map(encodeURIComponent).join(':')
  return { authorization: `Basic ${Buffer.from(encoded).toString('base64')}` }
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

export function postForm(
  url: string,
  fields: Fields,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers })
}

/** The token request of RFC 6749 §4.4.2, the client authenticated by `client_secret_post`. */
export function requestToken(
  server: Server,
  { clientId, secret }: Credentials,
  fields: Record<string, string> = {},
): Promise<Response> {
  return postForm(`${server.url}/oauth2/token`, {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    ...fields,
  })
}

/** The members of a successful token answer (RFC 6749 §5.1, and those of Mapiq). */
export interface TokenAnswer {
  access_token: string
  token_type: string
  expires_in: number
  scope: string
  not_before: number
  expires_on: number
  resource: string
}

export async function getToken(
  server: Server,
  credentials: Credentials,
  fields: Record<string, string> = {},
): Promise<string> {
  const response = await requestToken(server, credentials, fields)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return ((await response.json()) as TokenAnswer).access_token
}

/** Status and JSON body, to be compared at once. */
export async function answerOf(
  pending: Response | Promise<Response>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await pending
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Sends bytes as they are, for what no HTTP client would send. @returns status and body */
export function sendRaw(
  server: Server,
  head: string[],
  body: Buffer = Buffer.alloc(0),
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(server.url)
  const lines = [...head, `Host: ${hostname}:${port}`, 'Connection: close']
  if (body.length > 0) lines.push(`Content-Length: ${body.length}`)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.on('error', reject)
    socket.on('end', () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
      resolve({ status, text: answer.slice(answer.indexOf('\r\n\r\n') + 4) })
    })
    socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]))
  })
}
