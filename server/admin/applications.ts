import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { CLIENT_REQUEST_STATUSES } from '../access/requests/client-request.ts'
import type { ClientRequests } from '../access/requests/client-requests.ts'
import type { LimitCall } from '../http/route.ts'
import { networkOf } from '../protocol/network.ts'
import { badParameter, forbidden, Problem } from '../protocol/problem.ts'
import { actorOf } from './caller.ts'
import { dateTime, line, problemResponse, prose, strict, toIso } from './route-options.ts'

const application = strict({
  displayName: line(200, 'The display name of the application.'),
  credentialName: line(200, 'The display name of its credential.'),
  permissions: Type.Array(line(200), {
    minItems: 1,
    maxItems: 100,
    description: 'The scopes that it needs.',
  }),
  intendedUse: Type.Intersect([prose(2_000), Type.String({ minLength: 1 })], {
    description: 'A short description of the intended use.',
  }),
  contact: Type.Optional(
    Type.String({ format: 'email', maxLength: 254, description: 'An e-mail address.' }),
  ),
  customerId: Type.Optional(line(200, 'Whose client it is to be, if that is known.')),
})

/** `POST /client-requests`: anyone may apply for a client; an operator decides. */
export function applicationRoutes(
  app: FastifyInstance,
  options: { clientRequests: ClientRequests; limitCall: LimitCall; open: boolean },
): void {
  const { clientRequests, limitCall, open } = options

  app.post<{ Body: Static<typeof application> }>(
    '/client-requests',
    {
      config: {
        endpoint: 'clientRequests.submit',
        access: { public: true, limit: { quota: 10, windowSeconds: 3_600 } },
      },
      schema: {
        summary: 'Request a client',
        description:
          'An operator decides; the client’s id and secret then come by a link that reveals them once.',
        tags: ['Client requests'],
        body: application,
        response: {
          201: strict({
            id: Type.String({ description: 'To be named in questions to the operator.' }),
            status: Type.Enum([...CLIENT_REQUEST_STATUSES]),
            createdAt: dateTime(),
          }),
          400: problemResponse('A parameter is missing or not valid.'),
          403: problemResponse('This installation takes no requests.'),
          429: problemResponse('Too many requests from this network.'),
          503: problemResponse('Too many requests wait for a decision.'),
        },
      },
      // Before the body is judged: guessing what is accepted is limited as well.
      async onRequest(request, reply) {
        if (!open)
          throw forbidden('Nobody can request a client here: ask who operates this server.')
        await limitCall(request, reply, `network:${networkOf(request.ip)}`)
      },
    },
    async (request, reply) => {
      const outcome = await clientRequests.submit(actorOf(request), request.body)
      switch (outcome.kind) {
        case 'submitted': {
          const { id, status, createdAt } = outcome.request
          return reply.code(201).send({ id, status, createdAt: toIso(createdAt) })
        }
        case 'unknown-scope':
          throw badParameter('permissions', `no API declares the scope ${outcome.scope}`)
        case 'too-many-waiting':
          throw new Problem(503, 'Unavailable', 'Too many requests wait for a decision.', {
            headers: { 'retry-after': '3600' },
          })
      }
    },
  )
}
