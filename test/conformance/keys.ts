import { createHash, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { RunningServer } from '../support/server.ts'

/** Keys of clients: to log in with (RFC 7523), and to prove with each request (RFC 9449). */

export interface Key {
  algorithm: string
  privateKey: CryptoKey
  jwk: JWK
  jkt: string
}

export async function newKey(algorithm = 'ES256'): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const jwk = await exportJWK(publicKey)
  return { algorithm, privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) }
}

export const nowSeconds = () => Math.floor(Date.now() / 1_000)

/** A DPoP proof (RFC 9449 §4.2). @param claims besides `jti` and `iat`; undefined takes one away */
export function proofOf(
  { algorithm, privateKey, jwk }: Key,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT({ jti: randomUUID(), iat: nowSeconds(), ...claims })
    .setProtectedHeader({ alg: algorithm, typ: 'dpop+jwt', jwk, ...header })
    .sign(privateKey)
}

export const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url')

/** Sends a request with a proof, again with the nonce when the server wants one. */
export async function fetchWithProof(
  key: Key,
  url: string,
  init: RequestInit & { token?: string } = {},
): Promise<Response> {
  const { token, ...rest } = init
  const htm = init.method ?? 'GET'
  let nonce: string | undefined
  for (let attempt = 0; ; attempt++) {
    const proof = await proofOf(key, { htm, htu: url, nonce, ...(token && { ath: hashOf(token) }) })
    const headers = new Headers(init.headers)
    headers.set('dpop', proof)
    if (token) headers.set('authorization', `DPoP ${token}`)
    const response = await fetch(url, { ...rest, headers })
    const wanted = response.headers.get('dpop-nonce')
    const isRefused = response.status === 400 || response.status === 401
    if (attempt > 0 || !isRefused || wanted === null) return response
    nonce = wanted
  }
}

/** A client's assertion of who it is (RFC 7523 §2.2), good unless it is changed. */
export function assertionOf(
  { algorithm, privateKey }: Key,
  { clientId, issuer }: { clientId: string; issuer: string },
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = nowSeconds()
  return new SignJWT({
    iss: clientId,
    sub: clientId,
    aud: issuer,
    jti: randomUUID(),
    iat: now,
    exp: now + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: algorithm, ...header })
    .sign(privateKey)
}

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** For `--jwks-file`. */
export function jwksFile({ dataDir }: Pick<RunningServer, 'dataDir'>, ...keys: JWK[]): string {
  const file = join(dataDir, `${randomUUID()}.jwks.json`)
  writeFileSync(file, JSON.stringify({ keys }))
  return file
}
