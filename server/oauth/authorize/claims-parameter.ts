import { invalidRequest, OAuthError } from '../../protocol/oauth-error.ts'

/** What the `claims` parameter (OpenID Connect Core §5.5) means to the authorization endpoint. */
export interface RequestedClaims {
  /** As it is stored. */
  claims: string
  /** The account that it asks for by the value of `sub`. */
  accountId: string | null
}

const MAXIMUM_CLAIMS = 50

/** @throws OAuthError invalid_request, unmet_authentication_requirements */
export function parseClaims(text: string): RequestedClaims {
  const claims = toObject(parse(text))
  for (const name of ['userinfo', 'id_token'] as const) {
    const asked = claims[name]
    if (asked === undefined || asked === null) continue
    const members = Object.entries(toObject(asked))
    if (members.length > MAXIMUM_CLAIMS) throw refused()
    for (const [, request] of members) if (request !== null) toObject(request)
  }
  const { userinfo, id_token: idToken } = claims as Record<string, ClaimRequests | undefined>
  // OpenID Connect Core §5.5.1.1: an essential acr that cannot be met fails the authentication.
  if (idToken?.acr?.essential === true) {
    throw new OAuthError(
      'unmet_authentication_requirements',
      'No authentication context class is known here.',
    )
  }
  const subject = idToken?.sub?.value ?? userinfo?.sub?.value
  return {
    claims: JSON.stringify({
      ...(userinfo && { userinfo }),
      ...(idToken && { id_token: idToken }),
    }),
    accountId: subject === undefined ? null : toAccountId(subject),
  }
}

type ClaimRequests = Record<string, { essential?: unknown; value?: unknown } | null>

const refused = () => invalidRequest('The parameter claims is malformed.')

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refused()
  }
}

function toObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused()
  return value as Record<string, unknown>
}

/** Of nobody, when it is no subject of ours: then nobody can sign in for it. */
function toAccountId(subject: unknown): string {
  return typeof subject === 'string' ? (/^account:(\d{1,19})$/.exec(subject)?.[1] ?? '') : ''
}
