import type { FastifyInstance } from 'fastify'

/** The only script of the endpoint: it presses the button of a `form_post` answer. */
export const FORM_POST_SCRIPT_PATH = '/assets/form-post.js'

const SCRIPT = `document.getElementById('form-post').submit()\n`

export function formPostScript(app: FastifyInstance): void {
  app.get(
    FORM_POST_SCRIPT_PATH,
    {
      config: { endpoint: 'assets.formPost', access: { public: true, page: true } },
      schema: { hide: true },
    },
    (_request, reply) =>
      reply
        .headers({
          'cache-control': 'public, max-age=300',
          'cross-origin-resource-policy': 'same-origin',
        })
        .type('text/javascript; charset=utf-8')
        .send(SCRIPT),
  )
}
