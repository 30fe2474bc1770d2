import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Clients } from '../access/clients/clients.ts'
import type { ClientRequests } from '../access/requests/client-requests.ts'
import type { LimitCall } from '../http/route.ts'
import { networkOf } from '../protocol/network.ts'
import { conflict, Problem } from '../protocol/problem.ts'
import { actorOf } from './caller.ts'
import { CLOSED, type Revealed, revealedPage, waitingPage } from './delivery-pages.ts'
import { html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { idParameter, problemResponse, strict } from './route-options.ts'

const params = strict({ token: idParameter })
type Params = Static<typeof params>

const page = { 'text/html': { schema: Type.String() } }

/** People get a page that says what to do now. */
const refusal = (description: string) => {
  const { content } = problemResponse(description)
  return { description, content: { ...page, ...content } }
}

const refusals = {
  400: problemResponse('The link is malformed.'),
  404: refusal('There is nothing behind the link.'),
  410: refusal('The link has expired, or the secret has been revealed.'),
  429: problemResponse('Too many calls from this network.'),
}

const revealedSchema = strict({
  clientId: Type.String(),
  clientSecret: Type.String({ description: 'It is shown this once.' }),
  description: Type.String(),
  scopes: Type.Array(Type.String()),
  tokenEndpoint: Type.String(),
})

const quotas = { public: true as const, limit: { quota: 60, windowSeconds: 60 } }

/**
 * The link that an approved applicant receives. GET shows what it is for and consumes nothing,
 * because mail scanners and previews follow links; POST reveals the client's id and secret, once.
 * People get pages, scripts that ask for it (`Accept: application/json`) JSON.
 */
export function deliveryRoutes(
  app: FastifyInstance,
  options: {
    clientRequests: ClientRequests
    clients: Clients
    limitCall: LimitCall
    publicUrl: string
  },
): void {
  const { clientRequests, clients, limitCall, publicUrl } = options

  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  // Whatever the form or script sends along means nothing.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 4_096 }, (_request, _body, done) =>
    done(null, null),
  )
  app.addHook('onRequest', async (request, reply) => {
    await limitCall(request, reply, `network:${networkOf(request.ip)}`)
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  })

  app.get<{ Params: Params }>(
    '/client-requests/delivery/:token',
    {
      config: { endpoint: 'clientRequests.delivery', access: quotas },
      schema: {
        summary: 'What a delivery link is for',
        description: 'Consumes nothing.',
        tags: ['Client requests'],
        params,
        response: {
          200: {
            description: 'The page with the button that reveals the secret.',
            content: {
              ...page,
              'application/json': {
                schema: strict({
                  displayName: Type.String(),
                  credentialName: Type.String(),
                  expiresAt: Type.String({ format: 'date-time' }),
                }),
              },
            },
          },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const found = await clientRequests.findDelivery(request.params.token)
      if (found.kind !== 'waiting') return refuse(request, reply, found.kind)
      const { displayName, credentialName, deliveryExpiresAt } = found.request
      const expires = new Date(deliveryExpiresAt!)
      if (wantsJson(request)) {
        return reply.send({ displayName, credentialName, expiresAt: expires.toISOString() })
      }
      sendPage(reply, {
        title: 'Your client secret is ready',
        body: waitingPage(found.request, expires.toUTCString()),
      })
      return reply
    },
  )

  app.post<{ Params: Params }>(
    '/client-requests/delivery/:token',
    {
      config: { endpoint: 'clientRequests.reveal', access: quotas },
      schema: {
        summary: 'Reveal the client’s id and secret, once',
        tags: ['Client requests'],
        params,
        response: {
          200: {
            description: 'The id and the secret.',
            content: { ...page, 'application/json': { schema: revealedSchema } },
          },
          ...refusals,
          409: problemResponse('The client has as many secrets as it may have.'),
        },
      },
    },
    async (request, reply) => {
      const { token } = request.params
      // Strangers who try out links do not get to write.
      const found = await clientRequests.findDelivery(token)
      if (found.kind !== 'waiting') return refuse(request, reply, found.kind)
      const outcome = await clientRequests.reveal(actorOf(request), token)
      if (outcome.kind === 'too-many') {
        throw conflict(`The client has ${outcome.maximum} secrets already: one must be deleted.`)
      }
      if (outcome.kind !== 'revealed') return refuse(request, reply, outcome.kind)
      const client = await clients.find(outcome.clientId)
      const revealed: Revealed = {
        clientId: outcome.clientId,
        clientSecret: outcome.text,
        description: outcome.secret.description,
        scopes: client?.scopes ?? [],
        tokenEndpoint: `${publicUrl}/oauth2/token`,
      }
      if (wantsJson(request)) return reply.send(revealed)
      sendPage(reply, {
        title: 'Your client id and secret',
        width: 'medium',
        body: revealedPage(revealed),
      })
      return reply
    },
  )
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  kind: keyof typeof CLOSED,
): FastifyReply {
  const { status, title, advice } = CLOSED[kind]
  if (wantsJson(request)) throw new Problem(status, title, advice)
  sendPage(reply, { status, title, body: html`<p>${advice}</p>` })
  return reply
}

/** RFC 9110 §12.5.1, as far as two forms need it: pages, unless JSON is asked for and HTML is not. */
function wantsJson(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  return /\bapplication\/json\b/i.test(accept) && !/\btext\/html\b/i.test(accept)
}
