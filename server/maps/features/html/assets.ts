import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isFresh, tagOf } from '../caching.ts'
import { MAP_SCRIPT } from './map-script.ts'

/**
 * MapLibre as its package has it, and our own script: from this server alone, so that the pages'
 * content security policy names no other. Its worker is a module beside it; nothing is made of blobs.
 */
export function assetRoutes(app: FastifyInstance): void {
  const script = 'text/javascript; charset=utf-8'
  const style = 'text/css; charset=utf-8'
  const files = {
    'map.js': { type: script, read: async () => MAP_SCRIPT },
    'maplibre-gl.mjs': { type: script, read: readDistributed },
    'maplibre-gl-worker.mjs': { type: script, read: readDistributed },
    'maplibre-gl.css': { type: style, read: readDistributed },
  }
  for (const [name, { type, read }] of Object.entries(files)) {
    let loading: Promise<Asset> | null = null
    app.get(
      `/assets/${name}`,
      {
        config: {
          endpoint: `maps.assets.${name}`,
          access: { public: true, page: true },
        },
        schema: { hide: true },
      },
      async (request, reply) => {
        loading ??= read(name).then(prepare)
        loading.catch(() => (loading = null))
        return send(request, reply, type, await loading)
      },
    )
  }
}

interface Asset {
  etag: string
  plain: Buffer
  gzip: Buffer
  brotli: Buffer
}

function readDistributed(name: string): Promise<string> {
  return readFile(fileURLToPath(import.meta.resolve(`maplibre-gl/dist/${name}`)), 'utf8')
}

async function prepare(text: string): Promise<Asset> {
  // Off the main thread, and once.
  const [gzipped, brotli] = await Promise.all([
    promisify(gzip)(text),
    promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  ])
  return { etag: `"${tagOf(text)}"`, plain: Buffer.from(text), gzip: gzipped, brotli }
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  asset: Asset,
): FastifyReply {
  void reply.headers({
    'cache-control': 'public, max-age=3600',
    'cross-origin-resource-policy': 'same-origin',
    vary: 'Accept-Encoding',
  })
  const accepted = request.headers['accept-encoding'] ?? ''
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null
  // One tag for each form (RFC 9110 §8.8.3).
  const etag = encoding === null ? asset.etag : `${asset.etag.slice(0, -1)}-${encoding}"`
  if (isFresh(request, reply, etag)) return reply
  void reply.type(type)
  if (encoding !== null) void reply.header('content-encoding', encoding)
  return reply.send(
    encoding === 'br' ? asset.brotli : encoding === 'gzip' ? asset.gzip : asset.plain,
  )
}
