import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { accountActor, type Actor, clientActor } from '../../../access/audit/actor.ts'
import type { Collection } from '../../../access/collections/collection.ts'
import type { AccessScope } from '../../../access/scopes/access-scope.ts'
import type { ProtectedAccess } from '../../../http/route.ts'
import { allowSlowBody } from '../../../http/slow-body.ts'
import { type RandomBytes, uuidv7 } from '../../../lib/random.ts'
import type { Clock } from '../../../lib/clock.ts'
import { badParameter, conflict, forbidden, notFound, Problem } from '../../../protocol/problem.ts'
import { shown } from '../../features/names.ts'
import type { ImportJob } from './import-job.ts'
import type { ImportJobs, ReserveOutcome } from './import-jobs.ts'
import type { ImportRunner } from './import-runner.ts'
import { readOrder } from './read-order.ts'
import * as schemas from './schemas.ts'
import { NoRoomError, type Spool, TooLargeError } from './spool.ts'
import { toWire } from './wire.ts'

export interface ImportRoutesOptions {
  /** Where clients reach the server, without a slash at the end. */
  publicUrl: string
  /** What the caller of this request may see and write. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  jobs: ImportJobs
  spool: Spool
  runner: Pick<ImportRunner, 'nudge'>
  /** Where the files are. */
  node: string
  maximumBytes: number
  clock: Clock
  random: RandomBytes
}

/**
 * Imports over HTTP: a job is made (`import-jobs.ts`), the body is kept in a file (`spool.ts`), and the
 * job answered at once; `import-runner.ts` carries it out. Who imports may write everywhere in the
 * collection, because an import takes the place of all that is there.
 */
export async function importRoutes(
  app: FastifyInstance,
  options: ImportRoutesOptions,
): Promise<void> {
  const { accessScope, jobs, spool, runner, node, maximumBytes, clock, random } = options
  // Bodies of any type pass through as they come; `formatOf` judges what they are.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  const access: ProtectedAccess = { scope: 'write' }
  const watching: ProtectedAccess = { scope: 'write', limit: { quota: 600, windowSeconds: 60 } }

  /** @throws Problem 404, and 403 for who may write in a part of it, or only read */
  async function requireWhole(request: FastifyRequest, id: string): Promise<Collection> {
    const scope = await accessScope(request)
    const collection = scope.collection(id)
    if (!collection) throw notFound(`there is no collection "${shown(id)}"`)
    if (scope.write(id) === 'all') return collection
    throw forbidden(
      `An import needs to write everywhere in "${shown(id)}", which this token may not.`,
    )
  }

  async function getJob(request: FastifyRequest, { collectionId, jobId }: schemas.JobParams) {
    const collection = await requireWhole(request, collectionId)
    const job = await jobs.find(collectionId, jobId)
    return job && isOf(job, collection) ? job : noJob(jobId)
  }

  app.post<{ Params: schemas.CollectionParams; Querystring: schemas.ImportQuery }>(
    '/collections/:collectionId/imports',
    { schema: schemas.createImport, config: { endpoint: 'maps.imports.create', access } },
    async (request, reply) => {
      const { collectionId } = request.params
      // What is refused before the body was read leaves a connection that cannot go on.
      reply.header('connection', 'close')
      const collection = await requireWhole(request, collectionId)
      const told = readOrder(request)
      const length = request.headers['content-length']
      if (Number(length ?? 0) > maximumBytes) throw tooLarge(maximumBytes)
      if (request.body === undefined || request.body === null || length === '0') throw empty()
      const asked = { options: told, actor: actorOf(request), caller: request.caller!, node }
      const id = uuidv7(clock.now(), random)
      const totalBytes = Number(length ?? maximumBytes)
      requireReserved(collectionId, await jobs.reserve({ id, collection, ...asked, totalBytes }))
      allowSlowBody(request, reply)
      const created = await take(id, request.body as Readable)
      reply.removeHeader('connection')
      runner.nudge()
      return reply
        .code(202)
        .header('location', `${options.publicUrl}${pathOf(created)}`)
        .send(toWire(created))
    },
  )

  /** The body becomes the file of the job; what cannot be taken leaves neither. */
  async function take(id: string, body: Readable): Promise<ImportJob> {
    const alive = setInterval(() => void jobs.receiving(id).catch(() => {}), ALIVE_MILLISECONDS)
    try {
      const { bytes } = await spool.take(id, body)
      if (bytes === 0) throw empty()
      const job = await jobs.receive(id, bytes)
      if (!job) throw conflict('The import was cancelled while its body came in.')
      return job
    } catch (error) {
      await spool.remove(id)
      await jobs.withdraw(id)
      if (error instanceof NoRoomError) throw noRoom(error)
      throw error instanceof TooLargeError ? tooLarge(maximumBytes) : error
    } finally {
      clearInterval(alive)
    }
  }

  const pathOf = ({ collectionId, id }: ImportJob) =>
    `${app.prefix}/collections/${encodeURIComponent(collectionId)}/imports/${id}`

  app.get<{ Params: schemas.CollectionParams }>(
    '/collections/:collectionId/imports',
    { schema: schemas.listImports, config: { endpoint: 'maps.imports.list', access: watching } },
    async (request, reply) => {
      const { collectionId } = request.params
      const collection = await requireWhole(request, collectionId)
      const all = await jobs.list(collectionId, 100)
      const list = all.filter((job) => isOf(job, collection))
      return reply.header('cache-control', 'no-store').send({ imports: list.map(toWire) })
    },
  )

  app.get<{ Params: schemas.JobParams }>(
    '/collections/:collectionId/imports/:jobId',
    { schema: schemas.getImport, config: { endpoint: 'maps.imports.read', access: watching } },
    async (request, reply) =>
      reply.header('cache-control', 'no-store').send(toWire(await getJob(request, request.params))),
  )

  app.delete<{ Params: schemas.JobParams }>(
    '/collections/:collectionId/imports/:jobId',
    { schema: schemas.cancelImport, config: { endpoint: 'maps.imports.cancel', access } },
    async (request, reply) => {
      const before = await getJob(request, request.params)
      if (before.endedAt !== null) throw conflict('The import has ended.')
      const job = await jobs.cancel(before.collectionId, before.id)
      if (job?.endedAt !== null) await spool.remove(before.id)
      return reply.code(202).send(toWire(job ?? before))
    },
  )
}

/** Not of a collection of the same id that was deleted: faults quote what its files held. */
const isOf = (job: ImportJob, { createdAt }: Collection): boolean =>
  job.collectionCreatedAt === createdAt

/** While a body comes in; its job is given up after some times that. */
const ALIVE_MILLISECONDS = 5_000

/** @throws Problem 409, 429 */
function requireReserved(collectionId: string, outcome: ReserveOutcome): void {
  switch (outcome.kind) {
    case 'reserved':
      return
    case 'busy':
      throw conflict(`An import into "${shown(collectionId)}" is under way.`)
    case 'too-many':
      throw tooManyRequests(
        `The customer has ${outcome.jobs} imports that have not ended: send this one when one of them has.`,
      )
    case 'too-large':
      throw tooManyRequests(
        `With this one, the customer's files that wait to be imported could have more than ${outcome.maximumBytes} bytes together: send it when one of the imports has ended; a request that tells its Content-Length counts for that alone.`,
      )
  }
}

function tooManyRequests(detail: string): Problem {
  return new Problem(429, 'Too many requests', detail)
}

const empty = () => badParameter('body', 'is empty')

function noRoom(cause: Error): Problem {
  return new Problem(507, 'Insufficient storage', 'The server has no room for the file.', { cause })
}

function tooLarge(maximumBytes: number): Problem {
  return new Problem(
    413,
    'Content too large',
    `The body must have at most ${maximumBytes} bytes (imports.maximumBytes in the configuration).`,
  )
}

function noJob(id: string): never {
  throw notFound(`there is no import "${shown(id)}"`)
}

function actorOf(request: FastifyRequest): Actor {
  const caller = request.caller!
  return caller.accountId === null
    ? clientActor(caller, request)
    : accountActor(caller.accountId, request)
}
