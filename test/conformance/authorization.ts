import { expect } from 'vitest'
import type { RunningServer } from '../support/server.ts'
import { authorizationUrl, newPkce, type Person, type Place } from './person.ts'
import { type Credentials, postForm } from './requests.ts'

/** The client's half of the code flow, good unless a test changes something. */

type Server = Pick<RunningServer, 'url'>

export const CALLBACK = 'https://app.example/callback'

export const STATE = 'state-1'

const pkce = newPkce()

/** The parameters of a request; empty ones are left out. */
export function asked(
  { clientId }: { clientId: string },
  changes: Record<string, string> = {},
): Record<string, string> {
  const whole = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    scope: 'read',
    state: STATE,
    ...pkce.parameters,
    ...changes,
  }
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== ''))
}

export const WITHOUT_PKCE = { code_challenge: '', code_challenge_method: '' }

export function openRequest(
  server: Server,
  person: Person,
  parameters: Record<string, string> | [string, string][],
): Promise<Place> {
  return person.open(authorizationUrl(server, parameters))
}

/** The parameters that arrived at the callback. */
export function answered({ url, text }: Place): Record<string, string> {
  // A page of ours is no answer.
  expect(text).toBe('')
  return Object.fromEntries(url.searchParams)
}

/** The token request for a code of `asked`. */
export function redemption(
  { clientId }: { clientId: string },
  code: string,
  changes: Record<string, string> = {},
): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: CALLBACK,
    code_verifier: pkce.verifier,
    ...changes,
  }
}

export function redeem(
  server: Server,
  client: Credentials,
  code: string,
  changes: Record<string, string> = {},
): Promise<Response> {
  const fields = redemption(client, code, { client_secret: client.secret, ...changes })
  return postForm(`${server.url}/oauth2/token`, fields)
}

/** Refused before anything is known of the client: a page, and no way to anywhere. */
export async function expectPage(
  server: Server,
  person: Person,
  parameters: Record<string, string> | [string, string][],
): Promise<string> {
  const response = await person.request(authorizationUrl(server, parameters))
  expect(response.status).toBe(400)
  expect(response.headers.get('location')).toBeNull()
  expect(response.headers.get('content-type')).toContain('text/html')
  return response.text()
}

/** Refused, and told to the client. */
export async function expectError(
  server: Server,
  person: Person,
  parameters: Record<string, string> | [string, string][],
  error: string,
): Promise<Record<string, string>> {
  const answer = answered(await openRequest(server, person, parameters))
  expect(answer).toMatchObject({ error, iss: server.url, error_description: expect.any(String) })
  expect(answer).not.toHaveProperty('code')
  return answer
}
