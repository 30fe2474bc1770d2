import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Areas } from '../access/areas/areas.ts'
import type { Audit } from '../access/audit/audit.ts'
import type { ClientRules } from '../access/clients/client-rules.ts'
import type { Clients } from '../access/clients/clients.ts'
import type { Collection } from '../access/collections/collection.ts'
import type { Collections } from '../access/collections/collections.ts'
import type { Customers } from '../access/customers/customers.ts'
import type { SigningAlgorithm } from '../access/keys/algorithms.ts'
import type { Limits } from '../access/limits/limits.ts'
import type { ClientRequests } from '../access/requests/client-requests.ts'
import type { Apis } from '../access/scopes/apis.ts'
import { isUsable, secretState } from '../access/secrets/client-secret.ts'
import type { SecretVerification } from '../access/secrets/secret-verification.ts'
import type { Secrets } from '../access/secrets/secrets.ts'
import type { Subscriptions } from '../access/subscriptions/subscriptions.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import type { Usage } from '../access/usage/usage.ts'
import type { Database } from '../database/database.ts'
import type { Clock } from '../lib/clock.ts'
import { clientRequestRoutes } from './client-requests.ts'
import { clientRoutes } from './clients.ts'
import { collectionRoutes } from './collections.ts'
import { customerRoutes } from './customers.ts'
import { limitRoutes } from './limits.ts'
import { createManagedClients } from './managed-clients.ts'
import { recordRoutes } from './records.ts'
import type { SecretParams } from './secret-wire.ts'
import { creatorEnded, secretRoutes } from './secrets.ts'
import { subscriptionRoutes } from './subscriptions.ts'

/**
 * The management API under `/admin`: what console and scripts use. One file for each kind of object;
 * `managed-clients.ts` applies the rules of who may do what to which client, `route-options.ts` is
 * what the routes declare alike. The pages for people who apply for a client are in `applications.ts`
 * and `delivery.ts`. Errors are RFC 9457 problems; times on the wire are ISO 8601.
 */
export function adminRoutes(
  app: FastifyInstance,
  options: {
    publicUrl: string
    database: Database
    apis: Apis
    audit: Audit
    usage: Usage
    customers: Customers
    clients: Clients
    clientRules: ClientRules
    secrets: Secrets
    secretVerification: SecretVerification
    clientRequests: ClientRequests
    limits: Limits
    areas: Areas
    collections: Collections
    subscriptions: Subscriptions
    /** Drops the data of a collection that has been deleted. */
    dropMapData: (collection: Collection) => Promise<void>
    dropLeftovers: (collection: Collection) => Promise<void>
    clock: Clock
    defaultOverlapSeconds: number
    signingAlgorithm: SigningAlgorithm
  },
): void {
  const { publicUrl, secretVerification, clock, clients, apis } = options
  const adminUrl = `${publicUrl}/admin`
  const managed = createManagedClients({ clients, apis, issuer: publicUrl })

  // The schemas describe answers; a serializer built from them would silently drop what they forget.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))

  // A call without a body leaves everything at its default.
  app.addHook('preValidation', async (request) => {
    request.body ??= {}
  })

  // A token outlives its secret to read, and to delete its own client's other secrets: a script that
  // deletes the one it logged in with can still clean up. It keeps no other power.
  app.addHook('preHandler', async (request) => {
    const { caller, method } = request
    if (!caller || caller.secretId === null) return
    if (READING_METHODS.includes(method) || deletesOwnSecret(request, caller)) return
    const secret = await secretVerification.find(caller.secretId)
    if (!secret || !isUsable(secretState(secret, clock.now()))) throw creatorEnded()
  })

  customerRoutes(app, { ...options, adminUrl })
  clientRoutes(app, { ...options, managed, adminUrl })
  secretRoutes(app, { ...options, managed, adminUrl })
  clientRequestRoutes(app, {
    ...options,
    adminUrl,
    deliveryUrl: `${publicUrl}/client-requests/delivery`,
  })
  collectionRoutes(app, { ...options, managed, adminUrl })
  subscriptionRoutes(app, { ...options, managed, adminUrl })
  limitRoutes(app, options)
  recordRoutes(app, { ...options, managed, adminUrl })
}

const READING_METHODS = ['GET', 'HEAD']

const deletesOwnSecret = ({ routeOptions, params }: FastifyRequest, caller: Caller): boolean =>
  routeOptions.config.endpoint === 'admin.secrets.delete' &&
  (params as SecretParams).clientId === caller.clientId
