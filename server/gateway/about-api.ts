import type { FastifyRequest } from 'fastify'
import type { Api, Apis } from '../access/scopes/apis.ts'
import type { ProtectedAccess } from '../http/route.ts'
import { BearerError } from '../protocol/bearer.ts'

/** What a refusal says of the API (RFC 6750 §3, RFC 9728 §5.1). */
export interface AboutApi {
  resourceMetadata: string | null
  scope: string | null
}

export interface AboutApis {
  /** null: scopes that belong to no API, such as those of OpenID. */
  apiOf(access: ProtectedAccess): Api | null
  of(access: ProtectedAccess): AboutApi
}

export function createAboutApis({ issuer, apis }: { issuer: string; apis: Apis }): AboutApis {
  const management = apis.get('management')!
  const apiOf = ({ scope }: ProtectedAccess): Api | null =>
    scope === null ? management : apis.ofScope(scope)

  return {
    apiOf,
    of(access) {
      const api = apiOf(access)
      const path = api?.audience.slice(issuer.length)
      return {
        resourceMetadata: api && `${issuer}/.well-known/oauth-protected-resource${path}`,
        scope: access.scope,
      }
    },
  }
}

/**
 * For handlers of routes that are open to calls without a token, when what is asked for needs one.
 * @throws BearerError as the gateway does where every call needs one
 */
export type NeedToken = (request: FastifyRequest) => never

export function createNeedToken(options: { issuer: string; apis: Apis }): NeedToken {
  const about = createAboutApis(options)
  return ({ routeOptions: { config, url } }) => {
    const { access } = config
    if (!access || access.public) throw new Error(`${url} is not a protected route`)
    throw tokenIsNeeded(about.of(access))
  }
}

/** RFC 6750 §3.1: no error code for a request that lacks authentication. */
export const tokenIsNeeded = (about: AboutApi): BearerError =>
  new BearerError(null, 'An access token is needed.', about)
