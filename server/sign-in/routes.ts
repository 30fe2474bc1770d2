import type { FastifyInstance } from 'fastify'
import { preparePages } from '../pages/route.ts'
import { networkOf } from '../protocol/network.ts'
import { confirmRoutes } from './confirm.ts'
import { consentRoutes } from './consent.ts'
import { invitationRoutes } from './invitation.ts'
import { createMailLimit } from './mail-limit.ts'
import type { SignInOptions } from './options.ts'
import { organisationRoutes } from './organisation.ts'
import { passkeyRoutes } from './passkey.ts'
import { resetRoutes } from './reset.ts'
import { secondFactorRoutes } from './second-factor.ts'
import { setupRoutes } from './setup.ts'
import { signInRoutes as passwordRoutes } from './sign-in.ts'
import { signOutRoutes } from './sign-out.ts'
import { signUpRoutes } from './sign-up.ts'

/**
 * The pages that lead a person in: sign-in with its second factor, sign-up, the pages behind links in
 * mails, consent, sign-out. Each does one step and sends the browser on by a redirect:
 *
 * - An application's request is an *interaction* that `oauth/` stored; its id travels through all
 *   steps (`journey.ts`), and after the sign-in the browser goes back to `oauth/`, which sends it to
 *   the consent page or ends the request.
 * - Without one, the sign-in ends at `continue`, a path of this server.
 *
 * Nothing tells whether an e-mail is known: passwords take the same time in any case, and what depends
 * on an account is done a while after the answer (`lib/background.ts`), and alike. Every sign-in ends in `complete.ts`, that
 * at an organisation's provider (`upstream.ts`) too.
 */
export async function signInRoutes(app: FastifyInstance, options: SignInOptions): Promise<void> {
  preparePages(app)
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'POST') {
      await options.limitCall(request, reply, `network:${networkOf(request.ip)}`)
    }
  })
  const mailing = { ...options, mayMail: createMailLimit(options) }
  passwordRoutes(app, mailing)
  organisationRoutes(app, options)
  secondFactorRoutes(app, options)
  passkeyRoutes(app, options)
  signUpRoutes(app, mailing)
  confirmRoutes(app, options)
  resetRoutes(app, mailing)
  invitationRoutes(app, options)
  setupRoutes(app, options)
  signOutRoutes(app, options)
  consentRoutes(app, options)
}
