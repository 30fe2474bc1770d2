import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readEnvironment } from './environment.ts'
import { ConfigError, loadConfig } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'mapgate-config-'))
const file = join(folder, 'mapgate.yaml')
afterAll(() => rmSync(folder, { recursive: true }))

function load(yaml: string, variables: Record<string, string> = {}) {
  writeFileSync(file, yaml)
  return loadConfig(readEnvironment({ MAPGATE_CONFIG: file, ...variables }))
}

function problemsOf(yaml: string, variables: Record<string, string> = {}): string[] {
  try {
    load(yaml, variables)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('what is read', () => {
  it('has defaults for everything', () => {
    const settings = load('')
    expect(settings).toMatchObject({
      publicUrl: 'http://localhost:8080',
      port: 8080,
      limits: { store: 'memory', default: { quota: 20, windowSeconds: 60 } },
      databaseUrl: null,
      masterKey: null,
    })
  })

  it('takes the environment over the file, and an empty variable as absent', () => {
    const yaml =
      'port: 1000\nhost: 0.0.0.0\nlimits: { store: memory, default: { quota: 5, windowSeconds: 9 } }'
    const settings = load(yaml, { PORT: '2000', MAPGATE_HOST: '', MAPGATE_LIMITS_STORE: 'shared' })
    expect(settings).toMatchObject({
      port: 2000,
      publicUrl: 'http://localhost:2000',
      host: '0.0.0.0',
      limits: { store: 'shared', default: { quota: 5, windowSeconds: 9 } },
    })
  })

  it('drops the slash that ends a public URL, since the issuer is compared as text', () => {
    expect(load('publicUrl: https://maps.example.com/').publicUrl).toBe('https://maps.example.com')
  })

  it('is reached by https where it serves that itself', () => {
    const tls = `tls: { certificateFile: ${file}, keyFile: ${file} }`
    expect(load(tls).publicUrl).toBe('https://localhost:8080')
    expect(load(`${tls}\npublicUrl: https://a.example`).publicUrl).toBe('https://a.example')
  })

  it('lets a client have a limit over all and none for single endpoints', () => {
    const { limits } = load('limits: { clients: { a: { total: { quota: 1, windowSeconds: 2 } } } }')
    expect(limits.clients.a).toEqual({ total: { quota: 1, windowSeconds: 2 }, endpoints: {} })
  })
})

describe('what is refused', () => {
  it('lists all problems at once: of the file, the environment and what contradicts', () => {
    const yaml = `
      prot: 80
      publicUrl: http://maps.example.com
      log: { level: loud, colour: true }
      tls: { keyFile: key.pem }
      trustedProxies: [10.0.0.0/8, proxy.example.com, 10.0.0.0/33]
      caches: { clients: 1 }
      apis:
        - { id: maps, audience: here, scopes: [{ name: read, description: Read }] }`
    const variables = { PORT: '80a', MAPGATE_DATABASE_URL: 'mysql://host/name' }
    expect(problemsOf(yaml, variables).toSorted()).toEqual(
      [
        'PORT must be a whole number, not “80a”',
        'the configuration does not know “prot”',
        'log does not know “colour”',
        'log.level must be one of fatal, error, warn, info, debug, silent',
        'tls needs “certificateFile”',
        'caches.clients must be >= 100',
        'publicUrl must be https, except on localhost',
        'trustedProxies: “proxy.example.com” is no address or CIDR range',
        'trustedProxies: “10.0.0.0/33” is no address or CIDR range',
        'apis: the id “maps” is used twice',
        'apis: the audience “here” must be an absolute URI',
        'apis: the scope “read” is declared twice',
        'MAPGATE_DATABASE_URL must begin with postgres://',
        'MAPGATE_MASTER_KEY is needed with Postgres: all nodes must have the same (openssl rand -base64 32 makes one)',
      ].toSorted(),
    )
  })

  it('lists them however many they are', () => {
    expect(problemsOf(`trustedProxies: [${'1, '.repeat(50)}]`)).toHaveLength(50)
  })

  it.each(['-1', '8080.5', '0x50', ' 80', '65536'])('PORT %j', (PORT) => {
    expect(problemsOf('', { PORT })).toHaveLength(1)
  })

  it('a port that the system chooses without a public URL, for the issuer would be unknown', () => {
    expect(problemsOf('', { PORT: '0' })).toEqual(['publicUrl is needed with port 0'])
    expect(problemsOf('publicUrl: https://maps.example.com', { PORT: '0' })).toEqual([])
  })

  it.each([
    ['maps.example.com', 'publicUrl “maps.example.com” must be an absolute URL'],
    ['ftp://localhost', 'publicUrl must be https, except on localhost'],
    ['https://localhost.example.com?a=1', 'publicUrl must have no query, fragment or user'],
    ['https://user@maps.example.com', 'publicUrl must have no query, fragment or user'],
    ['https://:word@maps.example.com', 'publicUrl must have no query, fragment or user'],
    [
      'https://maps.example.com/base//',
      'publicUrl must have no path: its metadata is found at the root of the host',
    ],
    [
      'https://maps.example.com//',
      'publicUrl must have no path: its metadata is found at the root of the host',
    ],
  ])('the public URL %s', (url, problem) => {
    expect(problemsOf('', { MAPGATE_PUBLIC_URL: url })).toEqual([problem])
  })

  it.each(['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:1', 'https://a.example'])(
    'not the public URL %s',
    (publicUrl) => expect(problemsOf('', { MAPGATE_PUBLIC_URL: publicUrl })).toEqual([]),
  )

  it('a scope or a name that two APIs declare', () => {
    const yaml = `
      apis:
        - { id: a, audience: 'https://a.example', aliases: ['https://x.example'], scopes: [{ name: go, description: Go }] }
        - { id: b, audience: 'https://x.example', scopes: [{ name: go, description: Go }] }
        - { id: c, audience: 'https://api.mapiq.com/public' }`
    expect(problemsOf(yaml)).toEqual([
      'apis: “https://x.example” names two APIs',
      'apis: the scope “go” is declared twice',
      'apis: “https://api.mapiq.com/public” names two APIs',
    ])
  })

  it('scopes for self-service that no API declares, or that are power over clients', () => {
    const yaml = `
      selfService: { scopes: [read, go, fly, operate] }
      apis: [{ id: a, audience: 'https://a.example', scopes: [{ name: go, description: Go }] }]`
    expect(problemsOf(yaml)).toEqual([
      'selfService.scopes: no API declares “fly”',
      'selfService.scopes: “operate” is never granted at once',
    ])
  })

  it('TLS files that cannot be read', () => {
    expect(problemsOf(`tls: { certificateFile: ${file}, keyFile: ${folder}/key.pem }`)).toEqual([
      `tls.keyFile: the file ${folder}/key.pem cannot be read`,
    ])
  })

  it('Postgres without a master key', () => {
    const url = { MAPGATE_DATABASE_URL: 'postgres://user@host/name' }
    expect(problemsOf('', url)).toEqual([expect.stringContaining('MAPGATE_MASTER_KEY is needed')])
    expect(problemsOf('', { ...url, MAPGATE_MASTER_KEY: 'A'.repeat(43) })).toEqual([])
  })

  it('a file that is missing, broken, or not of keys and values', () => {
    expect(problemsOf('', { MAPGATE_CONFIG: join(folder, 'none.yaml') })).toEqual([
      expect.stringContaining('none.yaml (MAPGATE_CONFIG) does not exist'),
    ])
    expect(problemsOf('port: [')).toEqual([expect.stringContaining('cannot be read')])
    expect(problemsOf('port: 1\nport: 2')).toEqual([expect.stringContaining('cannot be read')])
    expect(problemsOf('- port')).toEqual([expect.stringContaining('must hold keys and values')])
    expect(problemsOf('just text')).toEqual([expect.stringContaining('must hold keys and values')])
  })

  it('values of another shape, also where something is put into them', () => {
    expect(problemsOf('limits: 3\nlog: []\nclients: null', { MAPGATE_LOG_LEVEL: 'info' })).toEqual([
      'the configuration does not know “clients”',
      'limits must be object',
      'log must be object',
    ])
    expect(problemsOf('apis: { id: a }\nmapAliases: x\ntrustedProxies: 1')).toHaveLength(3)
    expect(problemsOf('limits: { clients: { a/b: { total: 3 } } }')).toEqual([
      'limits.clients.a/b.total must be object',
    ])
  })
})
