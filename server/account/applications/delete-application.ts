import type { FastifyInstance } from 'fastify'
import { buttons, postForm, submitButton } from '../../pages/form.ts'
import { html } from '../../pages/html.ts'
import { linkButton } from '../../pages/parts.ts'
import { pageRoute } from '../../pages/route.ts'
import { withDone } from '../layout.ts'
import type { AccountOptions } from '../options.ts'
import type { AsPerson } from '../person.ts'
import { type FindApplication, idOf, pathOf } from './find-application.ts'

/** `/applications/<id>/delete`: asks once more, then deletes. */
export function deleteRoutes(
  app: FastifyInstance,
  { applications }: AccountOptions,
  { shown, sent }: AsPerson,
  find: FindApplication,
): void {
  const path = '/applications/:id/delete'

  app.get(
    path,
    pageRoute('applications.showDeletion'),
    shown(async (person, request) => {
      const { client } = await find.manageable(person, idOf(request))
      const { application: t } = person.texts
      return person.send({
        title: t.confirmTitle(client.displayName),
        width: 'medium',
        current: 'applications',
        body: html`<p>${t.confirmText}</p>
          ${postForm({
            id: 'delete-form',
            action: `${pathOf(client.id)}/delete`,
            token: person.token,
            body: buttons(
              submitButton({ id: 'delete', label: t.confirm, kind: 'danger' }),
              linkButton({ href: pathOf(client.id), label: t.cancel }),
            ),
          })}`,
      })
    }),
  )

  app.post(
    path,
    pageRoute('applications.delete', { quota: 120, windowSeconds: 3_600 }),
    sent(
      (request) => pathOf(idOf(request)),
      async (person, _form, request, reply) => {
        const { client } = await find.manageable(person, idOf(request))
        await applications.delete(person.actor, client.id)
        return reply.redirect(withDone('/applications', 'application-deleted'), 303)
      },
    ),
  )
}
