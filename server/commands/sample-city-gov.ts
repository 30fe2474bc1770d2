import { systemActor } from '../access/audit/actor.ts'
import type { App } from '../app.ts'
import { DANE_COUNTY, MADISON } from '../maps/sample/city-areas.ts'
import { ATLAS } from '../maps/sample/register.ts'
import { counties } from '../maps/sample/shapes.ts'

/** Of `sample.json`: a city that sees its own area only. */
export interface CityGov {
  citygov_customer_id: string
  /** Limited to Madison, Wisconsin. */
  citygov_client_id: string
  citygov_client_secret: string
  /** Public data in Madison, for web pages. */
  citygov_client_token: string
}

const CUSTOMER_ID = 'citygov'

/**
 * The customer CityGov with a client that is limited to Madison, Wisconsin, and a subscription to the
 * counties of another customer, limited to Dane County, where they are missing. What has been changed
 * since stays so.
 * @param kept what an earlier start has written
 */
export async function prepareCityGov(app: App, kept: Partial<CityGov> | null): Promise<CityGov> {
  const { customers, clients, clientTokens } = app.access
  await customers.create(systemActor, { id: CUSTOMER_ID, name: 'CityGov' })
  const known = kept?.citygov_client_id
  const found = known === undefined ? null : await clients.find(known)
  const client = found ?? (await createClient(app))
  if (!found) await subscribe(app)
  return {
    citygov_customer_id: CUSTOMER_ID,
    citygov_client_id: client.id,
    citygov_client_secret: await workingSecret(app, client.id, kept?.citygov_client_secret),
    citygov_client_token: clientTokens.textOf(client),
  }
}

async function createClient({ access }: App) {
  const outcome = await access.database.write(async (write) => {
    const area = await access.areas.createIn(write, MADISON, 'Madison, Wisconsin')
    return access.clients.createIn(write, systemActor, {
      customerId: CUSTOMER_ID,
      displayName: 'CityGov',
      description: 'Made with the sample data: sees Madison, Wisconsin.',
      scopes: ['read'],
      areaIds: [area.id],
    })
  })
  if (outcome.kind !== 'created') throw new Error(`the client of CityGov: ${outcome.kind}`)
  return outcome.client
}

/** An earlier start may have done it, before what it had made was written down. */
async function subscribe({ access }: App): Promise<void> {
  const { id: collectionId } = counties.collection
  // Somebody else's collection under this id is not ours to give.
  if (access.collections.known(collectionId)?.customerId !== ATLAS.id) return
  const outcome = await access.subscriptions.create(systemActor, {
    customerId: CUSTOMER_ID,
    collectionId,
    action: 'read',
    area: DANE_COUNTY,
  })
  if (outcome.kind !== 'created' && outcome.kind !== 'exists') {
    throw new Error(`the subscription of CityGov: ${outcome.kind}`)
  }
}

/** @returns the secret that was kept, if it still works, or a new one */
export async function workingSecret(
  { access }: App,
  clientId: string,
  kept: string | undefined,
): Promise<string> {
  if (kept !== undefined) {
    const known = await access.secretVerification.verify(clientId, kept)
    if (known.kind === 'valid') return kept
  }
  const outcome = await access.secrets.create(systemActor, clientId, {
    description: 'Sample',
    expiresAt: null,
  })
  if (outcome.kind !== 'created')
    throw new Error(`the secret of client ${clientId}: ${outcome.kind}`)
  return outcome.text
}
