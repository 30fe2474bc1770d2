import type { FastifyInstance } from 'fastify'
import { clearCookie } from '../http/cookies.ts'
import { postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { pageRoute } from '../pages/route.ts'
import { seeOther } from './complete.ts'
import { journeyOf } from './journey.ts'
import { ATTEMPTS } from './limits.ts'
import type { SignInOptions } from './options.ts'
import { findClient } from './sign-in.ts'

/** `/sign-out`: a link only asks, because any page can hold a link; the form ends the session. */
export function signOutRoutes(app: FastifyInstance, options: SignInOptions): void {
  app.get('/sign-out', pageRoute('sign-out.page'), async (request, reply) => {
    const { visitor, messages, fields } = await journeyOf(request, reply, options)
    const { session } = visitor
    if (!session) return seeOther(reply, '/sign-in?notice=signed-out')
    const { signOut } = messages
    sendPage(reply, {
      title: signOut.title,
      messages,
      body: html`<p>${signOut.text(session.account.name)}</p>
        ${postForm({
          id: 'sign-out-form',
          action: '/sign-out',
          token: formTokenField(app, visitor),
          hidden: fields,
          body: submitButton({ id: 'submit', label: signOut.submit }),
        })}`,
    })
    return reply
  })

  app.post('/sign-out', pageRoute('sign-out', ATTEMPTS), async (request, reply) => {
    const { visitor, messages, interaction } = await journeyOf(request, reply, options)
    requireOwnForm(request, visitor)
    const { session } = visitor
    if (session) await options.sessions.end(session.account.id, session.id)
    clearCookie(reply, 'mapgate-session')
    if (!interaction) return seeOther(reply, '/sign-in?notice=signed-out')
    // Nobody has taken it up: somebody else may.
    if (interaction.sessionId === null) {
      return seeOther(reply, `/sign-in?interaction=${interaction.id}`)
    }
    const client = await findClient(options, interaction.clientId)
    sendPage(reply, {
      title: messages.signOut.doneTitle,
      messages,
      body: html`<p>${messages.signOut.startOver(client?.displayName ?? '')}</p>`,
    })
    return reply
  })
}
