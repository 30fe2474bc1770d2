import { accessSync, constants, statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Environment } from './environment.ts'
import type { Config } from './schema.ts'

/**
 * What is wrong with a configuration that the schema cannot say.
 * @param faulty keys at the top that the schema already complained about: they have not their shape.
 *   The others are judged in any case, so that a start lists all problems at once.
 */
export function contradictions(
  config: Config,
  environment: Environment,
  faulty: ReadonlySet<string | undefined>,
): string[] {
  return [
    ...(faulty.has('publicUrl') ? [] : publicUrlProblems(config)),
    ...(faulty.has('trustedProxies') ? [] : proxyProblems(config)),
    ...(faulty.has('apis') || faulty.has('mapAliases') ? [] : apiProblems(config)),
    ...(faulty.has('apis') || faulty.has('selfService') ? [] : selfServiceProblems(config)),
    ...(faulty.has('apis') || faulty.has('registration') ? [] : registrationProblems(config)),
    ...(faulty.has('tls') ? [] : tlsProblems(config)),
    ...(faulty.has('pages') ? [] : logoProblems(config)),
    ...databaseProblems(environment),
    ...smtpProblems(environment),
  ]
}

function publicUrlProblems({ publicUrl, port }: Config): string[] {
  if (!publicUrl) return port === 0 ? ['publicUrl is needed with port 0'] : []
  if (!URL.canParse(publicUrl)) return [`publicUrl “${publicUrl}” must be an absolute URL`]
  const url = new URL(publicUrl)
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) {
    return ['publicUrl must be https, except on localhost']
  }
  if (url.search || url.hash || url.username || url.password) {
    return ['publicUrl must have no query, fragment or user']
  }
  if (url.pathname !== '/') {
    // RFC 8414 §3.1 and RFC 9728 §3.1: then the metadata would belong at the host's root, before the path.
    return ['publicUrl must have no path: its metadata is found at the root of the host']
  }
  return []
}

function proxyProblems({ trustedProxies }: Config): string[] {
  return trustedProxies.flatMap((proxy) => {
    const [address = '', prefix, ...rest] = proxy.split('/')
    const bits = isIP(address) === 4 ? 32 : 128
    const sound =
      isIP(address) !== 0 &&
      rest.length === 0 &&
      (prefix === undefined ||
        (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= bits))
    return sound ? [] : [`trustedProxies: “${proxy}” is no address or CIDR range`]
  })
}

function tlsProblems({ tls }: Config): string[] {
  return Object.entries(tls ?? {}).flatMap(([key, file]) => {
    try {
      accessSync(file, constants.R_OK)
      return []
    } catch {
      return [`tls.${key}: the file ${file} cannot be read`]
    }
  })
}

const MAXIMUM_LOGO_BYTES = 512 * 1_024

function logoProblems({ pages: { logoFile } }: Config): string[] {
  if (logoFile === undefined) return []
  if (!/\.(svg|png|jpe?g|webp)$/i.test(logoFile)) {
    return ['pages.logoFile must end in .svg, .png, .jpg, .jpeg or .webp']
  }
  const size = statSync(logoFile, { throwIfNoEntry: false })?.size
  if (size === undefined) return [`pages.logoFile: there is no file ${logoFile}`]
  return size > MAXIMUM_LOGO_BYTES ? ['pages.logoFile must not be larger than 512 KiB'] : []
}

function databaseProblems({ databaseUrl, masterKey }: Environment): string[] {
  if (!databaseUrl) return []
  const problems: string[] = []
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    problems.push('MAPGATE_DATABASE_URL must begin with postgres://')
  }
  if (!masterKey) {
    problems.push(
      'MAPGATE_MASTER_KEY is needed with Postgres: all nodes must have the same (openssl rand -base64 32 makes one)',
    )
  }
  return problems
}

function smtpProblems({ smtpUrl }: Environment): string[] {
  if (smtpUrl === null) return []
  return /^smtps?:$/.test(URL.parse(smtpUrl)?.protocol ?? '')
    ? []
    : ['MAPGATE_SMTP_URL must be a URL that begins with smtp:// or smtps://']
}

function selfServiceProblems({ apis, selfService }: Config): string[] {
  const ordinary = ['read', 'write', 'upload']
  const declared = new Set([...ordinary, ...apis.flatMap(({ scopes }) => scopes.map(toName))])
  return selfService.scopes.flatMap((scope) => {
    if (['manage', 'operate'].includes(scope)) {
      return [`selfService.scopes: “${scope}” is never granted at once`]
    }
    return declared.has(scope) ? [] : [`selfService.scopes: no API declares “${scope}”`]
  })
}

function registrationProblems({ apis, registration }: Config): string[] {
  const declared = new Set([
    ...['read', 'write', 'upload'],
    ...apis.flatMap(({ scopes }) => scopes.map(toName)),
  ])
  return registration.scopes.flatMap((scope) => {
    if (['manage', 'operate'].includes(scope)) {
      return [`registration.scopes: “${scope}” is never given to a client that registers itself`]
    }
    return declared.has(scope) ? [] : [`registration.scopes: no API declares “${scope}”`]
  })
}

const toName = ({ name }: { name: string }) => name

/** Names that must be told apart: ids, audiences with aliases, and scopes. */
function apiProblems({ apis, mapAliases }: Config): string[] {
  const problems: string[] = []
  const audiences = new Set(mapAliases)
  const scopes = new Set(['read', 'write', 'upload', 'manage', 'operate'])
  const ids = new Set(['maps', 'management'])
  for (const api of apis) {
    if (ids.has(api.id)) problems.push(`apis: the id “${api.id}” is used twice`)
    ids.add(api.id)
    for (const name of [api.audience, ...api.aliases]) {
      if (audiences.has(name)) problems.push(`apis: “${name}” names two APIs`)
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
