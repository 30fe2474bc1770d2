import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Areas } from '../../access/areas/areas.ts'
import { storeDetails } from '../../access/areas/store-details.ts'
import type { Client } from '../../access/clients/client.ts'
import type { ResolveClient } from '../../access/clients/client-resolver.ts'
import type { AuthorizationRequest } from '../../access/interactions/interaction.ts'
import type { PushedRequest, PushedRequests } from '../../access/interactions/pushed-requests.ts'
import { isPushedRequestUri } from '../../access/interactions/pushed-requests.ts'
import { readCookie } from '../../http/cookies.ts'
import type { LimitCall } from '../../http/route.ts'
import { errorPage } from '../../pages/errors.ts'
import { messagesOf, visitorOf } from '../../pages/visitor.ts'
import { Form } from '../../protocol/form.ts'
import { networkOf } from '../../protocol/network.ts'
import { OAuthError } from '../../protocol/oauth-error.ts'
import { offeredAnswer, sendAnswer, sendTo } from './answer.ts'
import { createContinuation, type ContinuationOptions } from './continuation.ts'
import { type Inquiry, judgeRequest, type JudgedRequest, type JudgeOptions } from './judge.ts'
import { readParameters } from './parameters.ts'
import { isRegistered, proveTarget, type Target } from './target.ts'

/**
 * The authorization endpoint (RFC 6749 §3.1). A request passes `parameters.ts` (what came),
 * `target.ts` (client and redirect URI are proven: only from here on does the client hear of errors,
 * and one that registered itself only from a person who is signed in, or sends it on by hand)
 * and `judge.ts` (the ordered checks; `sign-in-wishes.ts` and `requested-access.ts` are parts of it), and is stored as an interaction of this browser.
 * `continuation.ts` then sends the browser from page to page until `answer.ts` sends it to the
 * client. The pages are in `sign-in/`; both meet only in the stored interaction.
 */
export interface AuthorizationEndpoint {
  /** `GET` and `POST` of the endpoint. */
  authorize(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** `GET` of the profile's `resumePath`, where pages send the browser back to. */
  resume(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

export interface AuthorizationOptions extends JudgeOptions, ContinuationOptions {
  resolveClient: ResolveClient
  areas: Pick<Areas, 'createIn'>
  pushedRequests: PushedRequests
  /** Counts calls of networks. */
  limitNetwork: LimitCall
}

/** Longer ones stay what they are: no browser takes such a URL. */
const MAXIMUM_QUERY = 8_000

/**
 * An area may have 60 kB and is kept for an hour, whoever asks for it: of one network at most 36 MB. One
 * name, whichever endpoint it comes in at.
 */
const AREAS = { endpoint: 'oauth2.authorizeArea', limit: { quota: 100, windowSeconds: 600 } }

export function createAuthorizationEndpoint(options: AuthorizationOptions): AuthorizationEndpoint {
  const { profile, database, areas, interactions, pushedRequests, resolveClient } = options
  const continuation = createContinuation(options)

  async function find(id: string, address: string): Promise<Client | null> {
    await database.feed.ensureFresh()
    return resolveClient(id, address)
  }

  /** What the client asks for: in the request itself, or pushed before it. */
  async function open(request: FastifyRequest) {
    const { form, fault } = readParameters(request)
    const client = await find(form.require('client_id'), request.ip)
    const brought = profile.translate?.(form, client) ?? form
    const requestUri = brought.get('request_uri')
    if (client && requestUri !== null && isPushedRequestUri(requestUri)) {
      const pushed = await pushedRequests.find(requestUri, client.id)
      if (!pushed) {
        throw new OAuthError('invalid_request_uri', 'The request_uri has expired or was used.')
      }
      // RFC 9126 §4: nothing but what was pushed counts.
      return { form: formOf(pushed), fault: null, client, pushed }
    }
    return { form: brought, fault, client, pushed: null }
  }

  async function judge(request: FastifyRequest, reply: FastifyReply) {
    let inquiry: Inquiry | null = null
    try {
      const { form, fault, client, pushed } = await open(request)
      inquiry = { profile, target: proveTarget(form, client), form, pushed }
      if (fault) throw fault
      return { target: inquiry.target, judged: await judgeRequest(options, inquiry) }
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      logRefusal(request, error)
      if (!inquiry) showError(reply, request, error)
      else if (await mayRedirect(request, reply, inquiry)) sendError(reply, inquiry.target, error)
      else showError(reply, request, error, inquiry.target)
      return null
    }
  }

  /**
   * RFC 9700 §4.11.2: anybody may register a client with an address of their own. Sent there before
   * anybody has signed in, by a link to this server, a person would trust what they find there.
   */
  async function mayRedirect(
    request: FastifyRequest,
    reply: FastifyReply,
    { target: { client }, form, pushed }: Inquiry,
  ): Promise<boolean> {
    if (client.registration === 'operator' || form.get('prompt') === 'none') return true
    if (pushed !== null && client.type === 'confidential') return true
    return (await visitorOf(request, reply)).session !== null
  }

  const answerOf = ({ code, message }: OAuthError) => ({
    error: code,
    error_description: message,
    iss: profile.sendIss ? profile.issuer : null,
  })

  const sendError = (reply: FastifyReply, target: Target, error: OAuthError): void =>
    sendAnswer(reply, target, answerOf(error))

  /**
   * RFC 6749 §4.1.2.1: where the redirect URI is not proven, the person hears of it and nobody else.
   * @param target proven, but for the person to go to by themselves
   */
  function showError(
    reply: FastifyReply,
    request: FastifyRequest,
    error: OAuthError,
    target: Target | null = null,
  ): void {
    void reply.headers(error.headers)
    const { authorize } = messagesOf(request)
    errorPage(reply, {
      status: 400,
      title: authorize.refusedTitle,
      advice: authorize.refused,
      details: `${error.code}: ${error.message}`,
      wayOut:
        target &&
        offeredAnswer(
          target,
          answerOf(error),
          authorize.toApplication(placeOf(target.redirectUri)),
        ),
      requestId: request.id,
    })
  }

  const store = async ({ details, ...judged }: JudgedRequest): Promise<AuthorizationRequest> => ({
    ...judged,
    details: await storeDetails({ database, areas }, details, 'requested'),
  })

  return {
    async authorize(request, reply) {
      if (request.method === 'POST' && readCookie(request, 'mapgate-browser') === null) {
        // From another site, browsers send no cookies with a POST, but they do with a GET.
        const query = new URLSearchParams(request.form?.entries()).toString()
        if (query.length <= MAXIMUM_QUERY) {
          sendTo(reply, `${request.routeOptions.url!}?${query}`)
          return
        }
      }
      const found = await judge(request, reply)
      if (!found) return
      const visitor = await visitorOf(request, reply)
      if (found.judged.details.some(({ area }) => area !== null)) {
        await options.limitNetwork(request, reply, `network:${networkOf(request.ip)}`, AREAS)
      }
      const stored = await store(found.judged)
      const { client } = found.target
      if (stored.prompts.includes('none')) {
        const missing = await continuation.missing(stored, visitor, client)
        if (missing) return sendError(reply, found.target, missing)
      }
      const { resumePath } = profile
      const begun = { browser: visitor.browser, request: stored, resumePath }
      await continuation.proceed(request, reply, visitor, await interactions.begin(begun), client)
    },

    async resume(request, reply) {
      const visitor = await visitorOf(request, reply)
      const { interaction: id } = request.query as { interaction?: unknown }
      const found = typeof id === 'string' ? await interactions.find(id, visitor.browser) : null
      const client = found && (await find(found.clientId, request.ip))
      const redirectUri = found?.request.profile === profile.name ? found.request.redirectUri : null
      // What the client has lost since the request came, it gets no answer with.
      if (!client || redirectUri === null || !mayBeAnswered(client, redirectUri)) {
        continuation.refuse(request, reply)
        return
      }
      await continuation.proceed(request, reply, visitor, found, client)
    },
  }
}

const mayBeAnswered = (client: Client, redirectUri: string): boolean =>
  !client.suspended &&
  !client.customerSuspended &&
  client.grants.includes('authorization_code') &&
  isRegistered(client, redirectUri)

const formOf = ({ parameters }: PushedRequest): Form => {
  const values = new Map<string, string[]>()
  for (const [name, value] of parameters) values.set(name, [...(values.get(name) ?? []), value])
  return new Form(values)
}

function logRefusal(request: FastifyRequest, { code, reason }: OAuthError): void {
  request.log.info({ code, ...(reason && { reason }), requestId: request.id }, 'refused')
}

/** Where an address leads, for the person to see: its host, or the scheme of an app. */
function placeOf(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri)
  return host === '' ? protocol : host
}
