import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Settings as TypeBoxSettings } from 'typebox/system'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { contradictions } from './contradictions.ts'
import type { Environment } from './environment.ts'
import { type Config, configSchema } from './schema.ts'

/** What the server and the commands run with: complete, valid, and not to be changed. */
export interface Settings extends Config {
  databaseUrl: string | null
  masterKey: string | null
  smtpUrl: string | null
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
    if (path !== 'port') set(raw, path.split('.'), text)
    else if (/^\d+$/.test(text)) raw.port = Number(text)
    else problems.push(`${variable} must be a whole number, not “${text}”`)
  }
  const config = Value.Default(configSchema, raw) as Config
  completeClients(config)
  const errors = allErrors(config)
  problems.push(...new Set(errors.flatMap(describe)))
  const faulty = new Set(errors.map(({ instancePath }) => instancePath.split('/')[1]))
  problems.push(...contradictions(config, environment, faulty))
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    ...config,
    publicUrl: (
      config.publicUrl || `${config.tls ? 'https' : 'http'}://localhost:${config.port}`
    ).replace(/\/$/, ''),
    dataDir: resolve(config.dataDir),
    databaseUrl: environment.databaseUrl,
    masterKey: environment.masterKey,
    smtpUrl: environment.smtpUrl,
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
    if (isObject(content)) return content
    problems.push(`${file} must hold keys and values`)
  } catch (error) {
    problems.push(`${file} cannot be read: ${(error as Error).message.split('\n')[0]}`)
  }
  return {}
}

function set(target: Record<string, unknown>, path: string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]]
  if (rest.length === 0) {
    target[key] = value
    return
  }
  const inner = (target[key] ??= {})
  // The file may hold anything there; what is no object stays, so that the schema can say so.
  if (isObject(inner)) set(inner, rest, value)
}

/** TypeBox fills in no defaults below keys of one's own choice. */
function completeClients(config: Config): void {
  const clients: unknown = config.limits?.clients
  if (!isObject(clients)) return
  for (const client of Object.values(clients)) if (isObject(client)) client.endpoints ??= {}
}

/** TypeBox stops after eight errors unless told otherwise, and can be told so only for the whole process. */
function allErrors(config: Config): SchemaError[] {
  const { maxErrors } = TypeBoxSettings.Get()
  TypeBoxSettings.Set({ maxErrors: Infinity })
  try {
    return Value.Errors(configSchema, config)
  } finally {
    TypeBoxSettings.Set({ maxErrors })
  }
}

interface SchemaError {
  keyword: string
  instancePath: string
  message: string
  params: object
}

function describe({ keyword, instancePath, message, params }: SchemaError): string[] {
  // The same key is named by `additionalProperties`.
  if (keyword === 'boolean') return []
  const keys = instancePath.slice(1).split('/')
  const path = keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')).join('.')
  const place = path || 'the configuration'
  const details: { [name: string]: string[] | undefined } = { ...params }
  const quoted = (names: string[]) => names.map((name) => `“${name}”`).join(', ')
  if (details.additionalProperties) {
    return [`${place} does not know ${quoted(details.additionalProperties)}`]
  }
  if (details.requiredProperties) return [`${place} needs ${quoted(details.requiredProperties)}`]
  if (details.allowedValues) return [`${place} must be one of ${details.allowedValues.join(', ')}`]
  return [`${place} ${message}`]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
