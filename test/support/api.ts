/** What a script's author would write: plain calls of the documented endpoints. */

export interface Answer {
  status: number
  headers: Headers
  /** The members of a JSON answer; of any other its `text`. */
  body: Record<string, string>
}

export async function call(url: string, options: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, options)
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json')
  return {
    status: response.status,
    headers: response.headers,
    body: json && text !== '' ? (JSON.parse(text) as Record<string, string>) : { text },
  }
}

export function logIn(
  url: string,
  clientId: string,
  secret: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  return call(`${url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      ...more,
    }),
  })
}

/** @throws Error when the login fails */
export async function tokenOf(url: string, clientId: string, secret: string): Promise<string> {
  const { status, body } = await logIn(url, clientId, secret)
  if (status !== 200) throw new Error(`login: ${status} ${JSON.stringify(body)}`)
  return body['access_token']!
}

export function bearer(token: string): { headers: { authorization: string } } {
  return { headers: { authorization: `Bearer ${token}` } }
}
