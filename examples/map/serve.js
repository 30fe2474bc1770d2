#!/usr/bin/env node
/**
 * Serves the map page with MapLibre from node_modules: `node examples/map/serve.js`, with another port
 * in PORT. Any other web server does as well, with a copy of `maplibre-gl/dist` as `maplibre-gl`.
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const page = new URL('./', import.meta.url)
const maplibre = `${dirname(fileURLToPath(import.meta.resolve('maplibre-gl')))}/`
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
}

/** Nothing but these: no path leads out of the two folders. */
function fileOf(path) {
  if (path === '/') return new URL('index.html', page)
  if (path === '/map.js') return new URL('map.js', page)
  const [, name] = /^\/maplibre-gl\/([\w-]+\.(?:mjs|css))$/.exec(path) ?? []
  return name ? `${maplibre}${name}` : null
}

const server = createServer(async (request, response) => {
  const file = fileOf(new URL(request.url, 'http://localhost').pathname)
  const content = file && (await readFile(file).catch(() => null))
  if (!content) response.writeHead(404).end()
  else response.setHeader('content-type', TYPES[extname(String(file))]).end(content)
})
server.listen(Number(process.env.PORT ?? 8090), 'localhost', () => {
  console.log(`http://localhost:${server.address().port}/`)
})
