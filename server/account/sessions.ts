import type { FastifyInstance } from 'fastify'
import type { Session } from '../access/accounts/session.ts'
import { clearCookie } from '../http/cookies.ts'
import { postForm, submitButton } from '../pages/form.ts'
import { html } from '../pages/html.ts'
import { badge, card, cards, timeElement } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { deviceOf } from './device.ts'
import { doneNotice, tabs, withDone } from './layout.ts'
import type { AccountOptions } from './options.ts'
import type { AsPerson, Person } from './person.ts'

const PATH = '/account/sessions'

/** `/account/sessions`: where the person is signed in, and an end to it. */
export function sessionRoutes(
  app: FastifyInstance,
  { sessions }: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const limit = { quota: 120, windowSeconds: 3_600 }

  app.get(
    PATH,
    pageRoute('account.sessions'),
    shown(async (person, request) => {
      const { account, session, texts, token, send } = person
      const { sessions: t } = texts
      const found = await sessions.list(account.id)
      const others = found.filter(({ id }) => id !== session.id)
      const current = found.filter(({ id }) => id === session.id)
      return send({
        title: t.title,
        current: 'account',
        body: html`${tabs(texts, 'sessions')}${doneNotice(texts, request.query)}
          <p class="lead">${t.text}</p>
          ${cards([...current, ...others].map((shown) => sessionCard(person, shown)))}
          ${
            others.length > 0 &&
            postForm({
              id: 'end-others-form',
              action: `${PATH}/end-others`,
              token,
              body: submitButton({ id: 'end-others', label: t.endOthers, kind: 'danger' }),
            })
          }`,
      })
    }),
  )

  app.post(
    `${PATH}/end`,
    pageRoute('account.endSession', limit),
    sent(PATH, async ({ account, session }, form, _request, reply) => {
      const id = form.get('session') ?? ''
      await sessions.end(account.id, id)
      if (id !== session.id) return reply.redirect(withDone(PATH, 'session'), 303)
      clearCookie(reply, 'mapgate-session')
      return reply.redirect('/sign-in', 303)
    }),
  )

  app.post(
    `${PATH}/end-others`,
    pageRoute('account.endOtherSessions', limit),
    sent(PATH, async ({ account, session }, _form, _request, reply) => {
      await sessions.endAll(account.id, session.id)
      return reply.redirect(withDone(PATH, 'sessions'), 303)
    }),
  )
}

function sessionCard({ session, texts, token }: Person, shown: Session) {
  const { sessions: t } = texts
  const { browser, system } = deviceOf(shown.userAgent)
  const isCurrent = shown.id === session.id
  return card({
    id: `session-${shown.id}`,
    title: t.device(browser, system),
    badge: isCurrent && badge('good', t.current),
    body: html`<p>${shown.address ?? t.unknownAddress}</p>
      <p>
        ${t.lastSeen} ${timeElement(shown.lastSeenAt)} · ${t.signedIn}
        ${timeElement(shown.createdAt)}
      </p>`,
    actions: postForm({
      id: `end-${shown.id}-form`,
      action: `${PATH}/end`,
      token,
      inline: true,
      hidden: { session: shown.id },
      body: submitButton({
        id: `end-${shown.id}`,
        label: t.end,
        kind: isCurrent ? 'plain' : 'danger',
      }),
    }),
  })
}
