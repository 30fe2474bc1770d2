import { errorCodes, type FastifyInstance } from 'fastify'

/**
 * JSON bodies must be UTF-8 (RFC 8259 §8.1): what is not would otherwise arrive as U+FFFD and be
 * stored. Keys that reach into prototypes are refused, as Fastify does by itself.
 */
export function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string
    try {
      text = utf8.decode(body as Buffer)
    } catch {
      done(new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY())
      return
    }
    // Not typed so, but it calls `done` and returns nothing.
    void parse(request, text, done)
  })
}
