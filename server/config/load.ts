import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import type { Environment } from './environment.ts'
import { type Config, configSchema } from './schema.ts'

/** What the server and the commands run with: complete, valid, and not to be changed. */
export interface Settings extends Config {
  databaseUrl: string | null
  masterKey: string | null
}

/** Everything that is wrong with the configuration, one sentence each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: string[]

  constructor(problems: string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : 'problems'}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
    this.problems = problems
  }
}

/**
 * `mapgate.yaml`, then the environment over it, then the defaults.
 * @throws ConfigError listing every problem
 */
export function loadConfig(environment: Environment): Settings {
  const problems: string[] = []
  const raw = readFile(environment.configFile, problems)
  for (const { path, variable, text } of environment.values) {
    set(raw, path.split('.'), path === 'port' ? parseNumber(text, variable, problems) : text)
  }
  const config = Value.Default(configSchema, raw) as Config
  for (const error of Value.Errors(configSchema, config)) {
    const problem = describe(error)
    if (!problems.includes(problem)) problems.push(problem)
  }
  if (problems.length === 0) problems.push(...contradictions(config, environment))
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    ...config,
    publicUrl: (config.publicUrl || `http://localhost:${config.port}`).replace(/\/$/, ''),
    dataDir: resolve(config.dataDir),
    databaseUrl: environment.databaseUrl,
    masterKey: environment.masterKey,
  }
}

function readFile(configFile: string | null, problems: string[]): Record<string, unknown> {
  const file = resolve(configFile ?? 'mapgate.yaml')
  if (!existsSync(file)) {
    if (configFile) problems.push(`${configFile} (MAPGATE_CONFIG) does not exist`)
    return {}
  }
  try {
    const content: unknown = parse(readFileSync(file, 'utf8')) ?? {}
    if (typeof content === 'object' && !Array.isArray(content))
      return content as Record<string, unknown>
    problems.push(`${file} must hold keys and values`)
  } catch (error) {
    problems.push(`${file} cannot be read: ${(error as Error).message.split('\n')[0]}`)
  }
  return {}
}

function parseNumber(text: string, variable: string, problems: string[]): number {
  const number = Number(text)
  if (/^\d+$/.test(text)) return number
  problems.push(`${variable} must be a whole number, not “${text}”`)
  return 0
}

function set(target: Record<string, unknown>, path: string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]]
  if (rest.length === 0) {
    target[key] = value
    return
  }
  const inner = target[key]
  // What the file holds there may be anything; the schema says so afterwards.
  const object = typeof inner === 'object' && inner !== null ? { ...inner } : {}
  target[key] = object
  set(object as Record<string, unknown>, rest, value)
}

interface SchemaError {
  keyword: string
  instancePath: string
  message: string
  params: unknown
}

function describe({ keyword, instancePath, message, params }: SchemaError): string {
  const path = instancePath.slice(1).replaceAll('/', '.') || 'the configuration'
  const { additionalProperties, allowedValues } = params as Record<string, string[] | undefined>
  if (keyword === 'additionalProperties' && additionalProperties) {
    return `${path} does not know ${additionalProperties.map((key) => `“${key}”`).join(', ')}`
  }
  if (allowedValues) return `${path} must be one of ${allowedValues.join(', ')}`
  return `${path} ${message}`
}

/** What the schema cannot say. */
function contradictions(config: Config, environment: Environment): string[] {
  const problems: string[] = []
  if (config.publicUrl) problems.push(...publicUrlProblems(config.publicUrl))
  else if (config.port === 0) problems.push('publicUrl is needed with port 0')
  if (environment.databaseUrl) {
    if (!/^postgres(ql)?:\/\//.test(environment.databaseUrl)) {
      problems.push('MAPGATE_DATABASE_URL must begin with postgres://')
    }
    if (!environment.masterKey) {
      problems.push(
        'MAPGATE_MASTER_KEY is needed with Postgres: all nodes must have the same (openssl rand -base64 32 makes one)',
      )
    }
  }
  const audiences = new Set<string>()
  const scopes = new Set(['read', 'write', 'upload', 'manage', 'operate'])
  const ids = new Set(['maps', 'management'])
  for (const api of config.apis) {
    if (ids.has(api.id)) problems.push(`apis: the id “${api.id}” is used twice`)
    ids.add(api.id)
    for (const name of [api.audience, ...api.aliases]) {
      if (audiences.has(name) || config.mapAliases.includes(name)) {
        problems.push(`apis: “${name}” names two APIs`)
      }
      audiences.add(name)
    }
    if (!URL.canParse(api.audience)) {
      problems.push(`apis: the audience “${api.audience}” must be an absolute URI`)
    }
    for (const scope of api.scopes) {
      // A scope decides the audience of the token that carries it, so it belongs to one API.
      if (scopes.has(scope.name)) problems.push(`apis: the scope “${scope.name}” is declared twice`)
      scopes.add(scope.name)
    }
  }
  return problems
}

function publicUrlProblems(text: string): string[] {
  if (!URL.canParse(text)) return [`publicUrl “${text}” must be an absolute URL`]
  const url = new URL(text)
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) {
    return ['publicUrl must be https, except on localhost']
  }
  if (url.search || url.hash || url.username) {
    return ['publicUrl must have no query, fragment or user']
  }
  return []
}
