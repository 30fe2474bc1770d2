import type { FastifyInstance } from 'fastify'

/**
 * Which methods a path has (RFC 9110 §15.5.6), by the templates of the routes alone: that tells nothing
 * of what is stored. Only for requests that no route took, so that looking at every template does no harm.
 * @returns in alphabetical order; empty: there is no such path
 */
export type AllowedMethods = (path: string) => string[]

/** To be called before any route is added. */
export function collectMethods(app: FastifyInstance): AllowedMethods {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    let route = routes.get(url)
    if (!route) routes.set(url, (route = { pattern: patternOf(url), methods: new Set() }))
    for (const each of [method].flat()) route.methods.add(each)
  })
  return (path) => {
    const methods = new Set<string>()
    for (const route of routes.values()) {
      if (!route.pattern.test(path)) continue
      for (const method of route.methods) methods.add(method)
    }
    return [...methods].toSorted()
  }
}

/** Of a template such as `/tiles/:id/:z/:x/:y.pbf`. */
function patternOf(template: string): RegExp {
  const source = template
    .split(/(:\w+|\*)/)
    .map((part) => {
      if (part === '*') return '.*'
      return part.startsWith(':') ? '[^/]+' : part.replaceAll(/[$()+.?[\\\]^{|}]/g, String.raw`\$&`)
    })
    .join('')
  return new RegExp(`^${source}$`)
}
