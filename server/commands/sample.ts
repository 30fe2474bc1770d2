import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemActor } from '../access/audit/actor.ts'
import { type App } from '../app.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import type { Settings } from '../config/load.ts'
import { type ImportProgress, importSampleData } from '../maps/sample-data.ts'

/** What `sample.json` in the data folder tells scripts and people who try the sample. */
interface Sample {
  base_url: string
  customer_id: string
  client_id: string
  client_secret: string
}

const CUSTOMER_ID = 'demo'

/**
 * Brings the sample data, a demo customer and a demo client into being where they are missing, and
 * keeps the client's secret in `sample.json` (mode 0600).
 */
export async function prepareSample(app: App, settings: Settings): Promise<Sample> {
  await importSampleData({
    store: app.maps,
    location: mapsLocation(settings, databaseLocation(settings)),
    onProgress: progressLine(),
  })
  const { customers, clients } = app.access
  await customers.create(systemActor, { id: CUSTOMER_ID, name: 'Demo customer' })
  const file = join(settings.dataDir, 'sample.json')
  const kept = readSample(file)
  const found = kept && (await clients.find(kept.client_id))
  const clientId = found ? found.id : await createClient(app)
  const sample = {
    base_url: settings.publicUrl,
    customer_id: CUSTOMER_ID,
    client_id: clientId,
    client_secret:
      kept && (await works(app, clientId, kept.client_secret))
        ? kept.client_secret
        : await createSecret(app, clientId),
  }
  // Written beside and moved, so that whoever reads it sees the old file or the new one.
  writeFileSync(`${file}.new`, `${JSON.stringify(sample, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return sample
}

/** Lines to paste into a shell, in the order in which they make sense. */
export function sampleCommands(sample: Sample): string {
  const { base_url, customer_id, client_id, client_secret } = sample
  return `
Mapgate serves ${base_url}

  customer id    ${customer_id}
  client id      ${client_id}
  client secret  ${client_secret}

Get a token:

  TOKEN=$(curl -s ${base_url}/oauth2/token -d grant_type=client_credentials -d client_id=${client_id} -d client_secret=${client_secret} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

Read map data:

  curl -H "Authorization: Bearer $TOKEN" "${base_url}/maps/collections"
  curl -H "Authorization: Bearer $TOKEN" "${base_url}/maps/collections/places/items?bbox=-89.6,42.9,-89.2,43.2&limit=5"
  curl -H "Authorization: Bearer $TOKEN" "${base_url}/maps/collections/places/nearest?point=12.57,55.68"

Make a second secret, list both:

  curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"description":"my second"}' "${base_url}/admin/clients/${client_id}/secrets"
  curl -H "Authorization: Bearer $TOKEN" "${base_url}/admin/clients/${client_id}/secrets"

The API reference is ${base_url}/openapi.json; all this stands in sample.json in the data folder too.
`
}

function readSample(file: string): Sample | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Sample
  } catch {
    return null
  }
}

async function createClient({ access }: App): Promise<string> {
  const outcome = await access.clients.create(systemActor, {
    customerId: CUSTOMER_ID,
    displayName: 'Demo client',
    description: 'Made with the sample data.',
    scopes: ['read'],
  })
  if (outcome.kind !== 'created') throw new Error(`the demo client: ${outcome.kind}`)
  return outcome.client.id
}

async function works({ access }: App, clientId: string, secret: string): Promise<boolean> {
  return (await access.secretVerification.verify(clientId, secret)).kind === 'valid'
}

async function createSecret({ access }: App, clientId: string): Promise<string> {
  const outcome = await access.secrets.create(systemActor, clientId, {
    description: 'Sample',
    expiresAt: null,
  })
  if (outcome.kind !== 'created') throw new Error(`the demo client’s secret: ${outcome.kind}`)
  return outcome.text
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
