#!/usr/bin/env node
/**
 * A script that replaces its own secret every time it runs. Several copies may share one credentials
 * file and run at once: none locks the others out, because each
 *
 *   1. logs in with the secret in the file, and reads the file again when that was just replaced,
 *   2. creates a new secret,
 *   3. writes it to the file,
 *   4. logs in with it, to be sure,
 *   5. and only then deletes the old one.
 *
 * Usage: node rotating-script.js CREDENTIALS_FILE
 * The file holds { "base_url", "client_id", "client_secret" }, as the sample's sample.json does.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const file = process.argv[2]
const HOUR = 3_600_000

const { credentials, token } = await logInFromFile()
const secretsUrl = `${credentials.base_url}/admin/clients/${credentials.client_id}/secrets`
const authorization = { authorization: `Bearer ${token}` }

const created = await call(secretsUrl, {
  method: 'POST',
  headers: { ...authorization, 'content-type': 'application/json' },
  body: JSON.stringify({ description: 'rotating-script' }),
})
if (created.status === 403) {
  // Another copy has deleted the secret since we logged in: it has written a new one before that.
  console.log('another copy was faster')
} else if (created.status !== 201) {
  throw new Error(`no new secret: ${created.status} ${JSON.stringify(created.body)}`)
} else {
  const next = { ...credentials, client_secret: created.body.secret }
  await writeCredentials(next)
  await logIn(next)
  await deleteSecret(secretIdOf(credentials.client_secret))
  await deleteLeftBehind(created.body.id)
  console.log('rotated')
}

/** Logs in with what the file holds; a secret that was replaced meanwhile means: read it again. */
async function logInFromFile() {
  for (let attempt = 1; ; attempt++) {
    const found = JSON.parse(await readFile(file, 'utf8'))
    try {
      return { credentials: found, token: await logIn(found) }
    } catch (error) {
      if (error.code !== 'invalid_client' || attempt === 50) throw error
      await sleep(20 * Math.random() * attempt)
    }
  }
}

async function logIn({ base_url, client_id, client_secret }) {
  const { status, body } = await call(`${base_url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
  })
  if (status !== 200) throw Object.assign(new Error(`login: ${body.error}`), { code: body.error })
  return body.access_token
}

/** Written beside and moved, so that a reader sees the old file or the new one, never half of it. */
async function writeCredentials(content) {
  const beside = `${file}.${randomUUID()}`
  await writeFile(beside, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  await rename(beside, file)
}

/** 404: another copy that had read the same secret has deleted it already. */
async function deleteSecret(id) {
  const { status, body } = await call(`${secretsUrl}/${id}`, {
    method: 'DELETE',
    headers: authorization,
  })
  if (status !== 200 && status !== 404) {
    throw new Error(`old secret: ${status} ${JSON.stringify(body)}`)
  }
}

/** Copies that run at once overwrite each other's secrets in the file: an hour later nobody needs those. */
async function deleteLeftBehind(current) {
  const { body } = await call(secretsUrl, { headers: authorization })
  for (const { id, description, createdAt } of body.items) {
    const old = Date.parse(createdAt) < Date.now() - HOUR
    if (old && id !== current && description === 'rotating-script') await deleteSecret(id)
  }
}

/** The id is part of the secret: mgs_<id>_<random>_<check>. */
function secretIdOf(secret) {
  return secret.split('_')[1]
}

async function call(url, options) {
  const response = await fetch(url, options)
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}
