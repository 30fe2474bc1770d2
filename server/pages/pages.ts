import type { FastifyInstance } from 'fastify'
import type { Sessions } from '../access/accounts/session.ts'
import type { Applications } from '../access/applications/applications.ts'
import { installCookies } from '../http/cookies.ts'
import type { RandomBytes } from '../lib/random.ts'
import { clientLogoRoute } from './client-logo.ts'
import { COPY_SCRIPT, COPY_SCRIPT_PATH } from './copy-script.ts'
import { installFormTokens } from './form-token.ts'
import { PASSKEY_SCRIPT } from './passkey-script.ts'
import { PASSKEY_SCRIPT_PATH } from './passkey.ts'
import { createTheme, type Theme } from './theme.ts'
import { installVisitors } from './visitor.ts'

/**
 * The design system of the pages that people see. It needs no script, save for
 * passkeys; a second one adds buttons that copy.
 *
 * A route of a page declares `access: pageAccess` and registers itself below `pageScope`, which reads
 * forms and answers errors as pages. The handler asks `visitorOf(request, reply)` who is looking,
 * begins each form with `formTokenField(app, visitor)` (`postForm` takes it), judges each POST by
 * `requireOwnForm(request, visitor)`, and answers by `sendPage(reply, { title, body, visitor })`. Fields
 * are in `form.ts`, everything else on a page in `parts.ts`, texts in `messages/`, how it looks in
 * `style.ts` and `theme.ts`. What is refused ends in `answerPageError` or `errorPage` (`errors.ts`).
 */
declare module 'fastify' {
  interface FastifyInstance {
    theme: Theme
  }
}

/** Makes pages possible below `app`, and serves what they are made of under `/assets`. */
export async function installPages(
  app: FastifyInstance,
  options: {
    publicUrl: string
    pages: { name: string; colour: string; logoFile?: string | undefined }
    sessions: Pick<Sessions, 'find'>
    applications: Pick<Applications, 'findLogo'>
    /** Of the forms' tokens. */
    formKey: Buffer
    random: RandomBytes
  },
): Promise<void> {
  const { publicUrl, pages, sessions, formKey, random } = options
  const theme = createTheme(pages)
  app.decorate('theme', theme)
  await installCookies(app, publicUrl.startsWith('https:'))
  installVisitors(app, { sessions, random })
  installFormTokens(app, { key: formKey, publicUrl })

  const asset = (path: string, endpoint: string, contentType: string, body: string | Buffer) =>
    app.get(
      path,
      { config: { endpoint, access: { public: true, page: true } }, schema: { hide: true } },
      (_request, reply) => reply.headers(ASSET_HEADERS).type(contentType).send(body),
    )
  asset(PASSKEY_SCRIPT_PATH, 'assets.passkey', 'text/javascript; charset=utf-8', PASSKEY_SCRIPT)
  asset(COPY_SCRIPT_PATH, 'assets.copy', 'text/javascript; charset=utf-8', COPY_SCRIPT)
  asset('/assets/icon.svg', 'assets.icon', 'image/svg+xml', theme.icon)
  if (theme.logo) asset('/assets/logo', 'assets.logo', theme.logo.contentType, theme.logo.body)
  clientLogoRoute(app, options.applications)
}

const ASSET_HEADERS = {
  'cache-control': 'public, max-age=300',
  'cross-origin-resource-policy': 'same-origin',
  // An SVG that is opened by itself is a document, which could hold scripts.
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
