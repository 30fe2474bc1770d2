import { text as readAll } from 'node:stream/consumers'
import { readEnvironment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import { lines, type Output, printable } from './output.ts'
import { misused, Refusal } from './run.ts'

/** `mapgate token get`: logs in to a running server as any client would (RFC 6749 §4.4). */
export async function getToken(
  output: Output,
  options: { client: string; secretStdin?: true; url?: string; scope?: string },
): Promise<void> {
  const secret = options.secretStdin
    ? (await readAll(process.stdin)).trim()
    : readEnvironment().clientSecret
  if (!secret) misused('give the client secret by --secret-stdin or MAPGATE_CLIENT_SECRET')
  const base = options.url ?? loadConfig(readEnvironment()).publicUrl
  if (!/^https?:$/.test(URL.parse(base)?.protocol ?? '')) misused('--url must be an http(s) URL')
  const answer = await post(`${base.replace(/\/$/, '')}/oauth2/token`, {
    grant_type: 'client_credentials',
    client_id: options.client,
    client_secret: secret,
    ...(options.scope !== undefined && { scope: options.scope }),
  })
  output.show(
    answer,
    lines(
      Object.fromEntries(
        Object.entries(answer).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    ),
  )
}

async function post(url: string, form: Record<string, string>): Promise<Record<string, unknown>> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { accept: 'application/json' },
      // A redirect would carry the secret to who knows where.
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    })
  } catch (error) {
    const { message, cause } = error as Error
    throw new Refusal(
      'unreachable',
      `No answer from ${url}: ${cause instanceof Error ? cause.message || String((cause as { code?: string }).code) : message}.`,
    )
  }
  const answer = await parse(response)
  if (!answer)
    throw new Refusal(
      'no-token-endpoint',
      `${url} answered ${response.status}, and not as a token endpoint does.`,
    )
  if (response.ok) return answer
  const { error: code, error_description: description } = answer
  const reason = [description, code].find((text) => typeof text === 'string')
  throw new Refusal(
    typeof code === 'string' ? code : 'refused',
    `The server refused (${response.status}): ${printable(reason ?? 'it does not say why')}`,
  )
}

async function parse(response: Response): Promise<Record<string, unknown> | null> {
  try {
    const answer: unknown = await response.json()
    return typeof answer === 'object' && answer !== null ? { ...answer } : null
  } catch {
    return null
  }
}
