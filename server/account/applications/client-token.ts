import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parseWebOrigin } from '../../access/client-tokens/web-origin.ts'
import type { ClientTokens } from '../../access/client-tokens/client-tokens.ts'
import { checkboxes, checkedOf, postForm, submitButton, textArea } from '../../pages/form.ts'
import { type Html, html } from '../../pages/html.ts'
import { copyable } from '../../pages/parts.ts'
import { pageRoute } from '../../pages/route.ts'
import { linesOf } from '../fields.ts'
import { withDone } from '../layout.ts'
import type { AccountOptions } from '../options.ts'
import type { AsPerson } from '../person.ts'
import type { Part, ShowApplication } from './application.ts'
import { type FindApplication, idOf, pathOf } from './find-application.ts'

const MAXIMUM_ORIGINS = 50

/** The client token: shown, made new, and limited to scopes and web origins. */
export function tokenRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { sent }: AsPerson,
  find: FindApplication,
  show: ShowApplication,
): void {
  const { clients, clientTokens } = options
  const limit = { quota: 120, windowSeconds: 3_600 }
  const back = (request: FastifyRequest) => pathOf(idOf(request))

  app.post(
    '/applications/:id/client-token',
    pageRoute('applications.regenerateClientToken', limit),
    sent(back, async (person, _form, request, reply) => {
      const { client } = await find.manageable(person, idOf(request))
      await clientTokens.regenerate(person.actor, client.id)
      return reply.redirect(withDone(pathOf(client.id), 'token'), 303)
    }),
  )

  app.post(
    '/applications/:id/client-token/limits',
    pageRoute('applications.limitClientToken', limit),
    sent(back, async (person, form, request, reply) => {
      const application = await find.manageable(person, idOf(request))
      const { client } = application
      const { application: t, form: uris } = person.texts
      const lines = linesOf(form.get('web_origins'))
      const wrong = lines.find((line) => parseWebOrigin(line) === null)
      const fault =
        lines.length > MAXIMUM_ORIGINS
          ? uris.uriMany(MAXIMUM_ORIGINS)
          : wrong !== undefined && t.originFault(wrong.slice(0, 200))
      if (fault) {
        const origins = (form.get('web_origins') ?? '').slice(0, 20_000)
        return show(person, application, {}, { errors: { web_origins: fault }, origins })
      }
      await clients.change(person.actor, client.id, {
        clientTokenScopes: checkedOf(form, 'token_scope', clientTokens.possibleScopesOf(client)),
        webOrigins: [...new Set(lines.map((line) => parseWebOrigin(line)!))],
      })
      return reply.redirect(withDone(pathOf(client.id), 'token-limits'), 303)
    }),
  )
}

export function tokenPart({
  person,
  application: { client },
  errors,
  clientTokens,
  given,
}: Part & {
  clientTokens: ClientTokens
  given: string | undefined
}): Html {
  const { application: t } = person.texts
  const { token } = person
  const path = `${pathOf(client.id)}/client-token`
  const allowed = clientTokens.scopesOf(client)
  const scopes = clientTokens.possibleScopesOf(client)
  return html`<p class="hint">${t.tokenText}</p>
    ${copyable({ id: 'client-token', label: t.token, value: clientTokens.textOf(client) })}
    <details${errors.web_origins ? html` open` : ''}>
      <summary>${t.limitTitle}</summary>
      ${postForm({
        id: 'client-token-form',
        action: `${path}/limits`,
        token,
        body: html`${
          scopes.length > 0 &&
          checkboxes({
            name: 'token_scope',
            legend: t.tokenScopes,
            options: scopes.map((scope) => ({
              value: scope,
              label: scope.toUpperCase(),
              checked: allowed.includes(scope),
            })),
          })
        }${textArea({
          name: 'web_origins',
          label: t.origins,
          hint: t.originsHint,
          value: given ?? client.webOrigins.join('\n'),
          rows: 3,
          error: errors.web_origins,
        })}${submitButton({ id: 'limit-client-token', label: t.limitToken, kind: 'plain' })}`,
      })}
    </details>
    ${postForm({
      id: 'regenerate-form',
      action: path,
      token,
      body: html`<p class="hint">${t.regenerateHint}</p>
        ${submitButton({
          id: 'regenerate-client-token',
          label: t.regenerate,
          kind: 'danger',
        })}`,
    })}`
}
