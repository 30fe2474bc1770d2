/** A resource server: what tokens are issued for. A scope belongs to one API and so decides `aud`. */
export interface Api {
  id: string
  audience: string
  aliases: readonly string[]
  scopes: readonly { name: string; description: string }[]
}

/** All APIs of the installation: the built-in ones, then those of the configuration. */
export interface Apis {
  readonly all: readonly Api[]
  /** By id. */
  get(id: string): Api | null
  /** By audience or alias: what `resource` (RFC 8707) and `.default` say. */
  named(name: string): Api | null
  /** The API that declares the scope. */
  ofScope(scope: string): Api | null
}

export function createApis(options: {
  publicUrl: string
  mapAliases: readonly string[]
  further: readonly Api[]
}): Apis {
  const all: Api[] = [
    {
      id: 'maps',
      audience: `${options.publicUrl}/maps`,
      aliases: options.mapAliases,
      scopes: [
        { name: 'read', description: 'Read map data' },
        { name: 'write', description: 'Change map data' },
        { name: 'upload', description: 'Upload imagery' },
      ],
    },
    {
      id: 'management',
      audience: `${options.publicUrl}/admin`,
      aliases: [],
      scopes: [
        { name: 'manage', description: 'Manage the customer’s own clients and their secrets' },
        { name: 'operate', description: 'Operate the whole installation' },
      ],
    },
    ...options.further,
  ]
  const names = new Map(
    all.flatMap((api) => [api.audience, ...api.aliases].map((name) => [name, api])),
  )
  const scopes = new Map(all.flatMap((api) => api.scopes.map((scope) => [scope.name, api])))
  return {
    all,
    get: (id) => all.find((api) => api.id === id) ?? null,
    named: (name) => names.get(name) ?? null,
    ofScope: (scope) => scopes.get(scope) ?? null,
  }
}
