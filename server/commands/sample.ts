import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemActor } from '../access/audit/actor.ts'
import type { Client } from '../access/clients/client.ts'
import { type App } from '../app.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import type { Settings } from '../config/load.ts'
import { randomBase62, systemRandom } from '../lib/random.ts'
import { registerSampleCollections } from '../maps/sample/register.ts'
import { type ImportProgress, importSampleData } from '../maps/sample/sample-data.ts'
import { type CityGov, prepareCityGov, workingSecret } from './sample-city-gov.ts'

/** What `sample.json` in the data folder tells scripts and people who try the sample. */
export interface Sample extends CityGov {
  base_url: string
  customer_id: string
  client_id: string
  client_secret: string
  /** Of an application that asks for no more than public data. */
  client_token: string
  /** Where codes go. Nothing answers there: the code is read from the browser's address bar. */
  redirect_uri: string
  /** Who can sign in, and manages the demo customer's applications. */
  account_email: string
  account_password: string
}

const CUSTOMER_ID = 'demo'
const EMAIL = 'demo@example.com'

/**
 * Brings the sample data, a demo customer, a demo client and a demo account, and CityGov
 * (`sample-city-gov.ts`), into being where they are missing, and keeps the clients' secrets and the
 * account's password in `sample.json` (mode 0600). `sample-text.ts` has the lines to paste.
 */
export async function prepareSample(app: App, settings: Settings): Promise<Sample> {
  const { customers, clients, clientTokens } = app.access
  await importSampleData({
    store: app.maps,
    location: mapsLocation(settings, databaseLocation(settings)),
    collections: await registerSampleCollections(app.access),
    onProgress: progressLine(),
  })
  await customers.create(systemActor, { id: CUSTOMER_ID, name: 'Demo customer' })
  const file = join(settings.dataDir, 'sample.json')
  const kept = readSample(file)
  const found = kept?.client_id === undefined ? null : await clients.find(kept.client_id)
  const redirectUri = redirectUriOf(settings)
  const client = await withCodes(app, found ?? (await createClient(app)), redirectUri)
  const sample: Sample = {
    base_url: settings.publicUrl,
    customer_id: CUSTOMER_ID,
    client_id: client.id,
    client_secret: await workingSecret(app, client.id, kept?.client_secret),
    client_token: clientTokens.textOf(client),
    redirect_uri: redirectUri,
    account_email: EMAIL,
    account_password: await prepareAccount(app, kept?.account_password ?? null),
    ...(await prepareCityGov(app, kept)),
  }
  // Written beside and moved, so that whoever reads it sees the old file or the new one.
  writeFileSync(`${file}.new`, `${JSON.stringify(sample, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return sample
}

/** As an earlier version may have written it. */
function readSample(file: string): Partial<Sample> | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Sample>
  } catch {
    return null
  }
}

async function createClient({ access }: App): Promise<Client> {
  const outcome = await access.clients.create(systemActor, {
    customerId: CUSTOMER_ID,
    displayName: 'Demo client',
    description: 'Made with the sample data.',
    scopes: ['read'],
  })
  if (outcome.kind !== 'created') throw new Error(`the demo client: ${outcome.kind}`)
  return outcome.client
}

/** Next to this server, where most likely nothing listens. */
function redirectUriOf({ publicUrl, port }: Settings): string {
  const own = Number(new URL(publicUrl).port) || port
  return `http://localhost:${own < 65_535 ? own + 1 : own - 1}/callback`
}

const OWN_REDIRECT_URI = /^http:\/\/localhost:\d+\/callback$/

/** The client as it is when people can let it in; it may be of an earlier version, or of another port. */
async function withCodes({ access }: App, client: Client, redirectUri: string): Promise<Client> {
  const grants = ['authorization_code', 'refresh_token'] as const
  if (
    client.redirectUris.includes(redirectUri) &&
    grants.every((one) => client.grants.includes(one))
  ) {
    return client
  }
  const others = client.redirectUris.filter((uri) => !OWN_REDIRECT_URI.test(uri))
  const changed = await access.clients.change(systemActor, client.id, {
    redirectUris: [redirectUri, ...others],
    grants: [...new Set([...client.grants, ...grants])],
  })
  if (!changed) throw new Error('the demo client was deleted')
  return changed
}

/** @returns the demo account's password: the one kept, if it still is that */
async function prepareAccount({ access }: App, kept: string | null): Promise<string> {
  const { accounts, passwords, memberships } = access
  if (kept !== null) {
    const known = await passwords.verify(EMAIL, kept, null)
    if (known.kind === 'right') return kept
  }
  const password = randomBase62(24, systemRandom)
  const passwordHash = await passwords.hash(password)
  const outcome = await accounts.create(systemActor, {
    email: EMAIL,
    name: 'Demo person',
    passwordHash,
    emailConfirmed: true,
  })
  const { id: accountId } = outcome.account
  if (outcome.kind === 'known') await accounts.setPassword(systemActor, accountId, passwordHash)
  await memberships.set(systemActor, { accountId, customerId: CUSTOMER_ID, role: 'owner' })
  return password
}

/** One line that changes on a terminal; a line at each tenth elsewhere. */
function progressLine(): (progress: ImportProgress) => void {
  let shown = ''
  return ({ collection, done, total }) => {
    const percent = Math.floor((done / total) * 100)
    const terminal = process.stderr.isTTY
    const step = terminal ? percent : Math.floor(percent / 10) * 10
    const line = `Importing ${collection}: ${step} %`
    if (line === shown) return
    shown = line
    const ending = terminal && done < total ? '' : '\n'
    process.stderr.write(`${terminal ? '\r' : ''}${line}${ending}`)
  }
}
