import {
  createHmac,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  timingSafeEqual,
} from 'node:crypto'
import { createServer } from 'node:http'

/**
 * The least that issues the token which Mapgate issues, on bare `node:http`: it parses the form,
 * hashes and compares the secret, and signs a JWT with the claims of RFC 9068. No limits, no
 * records, no checks beyond that: the reference of token issuance.
 */
const issuer = `http://127.0.0.1:${process.env.PORT}`
const pepper = randomBytes(32)
const hash = (secret: string) => createHmac('sha256', pepper).update(secret).digest()
const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })

const { CLIENT_ID = '', CLIENT_SECRET = '' } = process.env
const clients = new Map([[CLIENT_ID, { secretHash: hash(CLIENT_SECRET), customer: 'bench' }]])

function issue(body: string): { status: number; answer: object } {
  const form = new URLSearchParams(body)
  if (form.get('grant_type') !== 'client_credentials') {
    return { status: 400, answer: { error: 'unsupported_grant_type' } }
  }
  const clientId = form.get('client_id') ?? ''
  const client = clients.get(clientId)
  if (!client || !timingSafeEqual(client.secretHash, hash(form.get('client_secret') ?? ''))) {
    return { status: 401, answer: { error: 'invalid_client' } }
  }
  const now = Math.floor(Date.now() / 1_000)
  const claims = encode({
    iss: issuer,
    sub: clientId,
    aud: `${issuer}/maps`,
    exp: now + 3_600,
    iat: now,
    nbf: now,
    jti: randomUUID(),
    client_id: clientId,
    scope: 'read',
    customer: client.customer,
    secret_id: '0123456789abcdef01234567',
  })
  const input = `${header}.${claims}`
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  const token = `${input}.${signature.toString('base64url')}`
  return {
    status: 200,
    answer: { access_token: token, token_type: 'Bearer', expires_in: 3_600, scope: 'read' },
  }
}

createServer((request, response) => {
  if (request.method !== 'POST') {
    response.end('ready')
    return
  }
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    const { status, answer } = issue(body)
    const text = JSON.stringify(answer)
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    })
    response.end(text)
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
