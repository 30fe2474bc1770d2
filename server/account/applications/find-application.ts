import type { Membership, Role } from '../../access/accounts/account.ts'
import type { Memberships } from '../../access/accounts/memberships.ts'
import { mayManageApplication } from '../../access/applications/role-rights.ts'
import type { Client } from '../../access/clients/client.ts'
import type { Clients } from '../../access/clients/clients.ts'
import { PageError } from '../../pages/page-error.ts'
import type { Person } from '../person.ts'

/** An application, as one of the members of its customer sees it. */
export interface OwnApplication {
  client: Client
  role: Role
  customerName: string
  /** Whether the person may change it, and see its secrets and its client token. */
  manages: boolean
}

export interface FindApplication {
  /** @throws PageError 404 also for what is there but not the person's to see */
  visible(person: Person, clientId: string): Promise<OwnApplication>
  /** @throws PageError 404, 403 */
  manageable(person: Person, clientId: string): Promise<OwnApplication>
}

export function createFindApplication(options: {
  clients: Clients
  memberships: Memberships
}): FindApplication {
  const { clients, memberships } = options

  async function visible(person: Person, clientId: string): Promise<OwnApplication> {
    const client = await clients.find(clientId)
    const membership = client && (await memberships.find(person.account.id, client.customerId))
    if (!client || !membership) throw unknown(person)
    return ownApplication(client, membership)
  }

  return {
    visible,
    async manageable(person, clientId) {
      const application = await visible(person, clientId)
      if (application.manages) return application
      throw notManaged(person)
    },
  }
}

export function ownApplication(
  client: Client,
  { role, customerName }: Pick<Membership, 'role' | 'customerName'>,
): OwnApplication {
  return { client, role, customerName, manages: mayManageApplication(role, client) }
}

/** Of a route with `:id`. */
export const idOf = (request: { params: unknown }) => (request.params as { id: string }).id

export const pathOf = (clientId: string) => `/applications/${encodeURIComponent(clientId)}`

function unknown({ texts }: Person): PageError {
  const { unknownTitle, unknown, back } = texts.applications
  return new PageError(404, unknownTitle, unknown, { href: '/applications', label: back })
}

export function notManaged({ texts }: Person): PageError {
  const { viewerTitle, viewer, back } = texts.applications
  return new PageError(403, viewerTitle, viewer, { href: '/applications', label: back })
}
